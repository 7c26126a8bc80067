//! The table `room`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tenant_id: i64,
    pub name: String,
    pub title: Option<String>,
    pub pin_salt: Option<Vec<u8>>,
    pub pin_rounds: i32,
    pub pin: Option<Vec<u8>>,
    pub moderator_pin: Option<Vec<u8>>,
    pub wait_for_moderator: bool,
    pub end_with_moderator: bool,
    pub entry: String,
    pub maximum: i32,
    pub record: bool,
    pub mute_on_entry: bool,
    pub dial_out: bool,
    pub language: Option<String>,
    pub keys: String,
    pub created: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
