//! The table `subscription`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub local_tag: String,
    pub tenant_id: i64,
    pub user_name: String,
    pub mailbox: String,
    pub event_id: Option<String>,
    pub remote_tag: String,
    pub local_uri: String,
    pub remote_uri: String,
    pub target: String,
    pub route: String,
    pub remote_cseq: i64,
    pub expires: i64,
    pub transport: String,
    pub local: String,
    pub remote: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
