//! The table `mailbox`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mailbox")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tenant_id: i64,
    pub name: String,
    pub user_id: Option<i64>,
    pub title: Option<String>,
    pub pin_salt: Option<Vec<u8>>,
    pub pin_rounds: i32,
    pub pin: Option<Vec<u8>>,
    pub pin_given: bool,
    pub settings: String,
    pub greeting_unavailable: Option<String>,
    pub greeting_busy: Option<String>,
    pub greeting_temporary: Option<String>,
    pub greeting_name: Option<String>,
    pub warned: bool,
    pub created: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
