//! The table `message`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tenant_id: i64,
    pub mailbox_id: i64,
    pub folder: String,
    pub recording: String,
    pub urgent: bool,
    pub caller: String,
    pub caller_name: Option<String>,
    pub caller_user: Option<i64>,
    pub call_uid: Option<String>,
    pub reason: String,
    pub received: i64,
    pub moved: i64,
    pub length_ms: i64,
    pub bytes: i64,
    pub forwarded_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
