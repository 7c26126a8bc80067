//! The table `binding`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "binding")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact: String,
    pub q: i32,
    pub call_id: String,
    pub cseq: i64,
    pub expires: i64,
    pub transport: String,
    pub local: String,
    pub remote: String,
    pub path: String,
    pub instance: Option<String>,
    pub reg_id: Option<i64>,
    pub user_agent: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
