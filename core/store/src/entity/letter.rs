//! The table `letter`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "letter")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tenant_id: i64,
    pub mailbox_id: i64,
    pub message_id: Option<i64>,
    pub kind: String,
    pub queued: i64,
    pub due: i64,
    pub tries: i32,
    pub fault: Option<String>,
    pub given_up: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
