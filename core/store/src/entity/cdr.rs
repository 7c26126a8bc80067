//! The table `cdr`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cdr")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub uid: String,
    pub tenant_id: i64,
    pub user_id: Option<i64>,
    pub caller: String,
    pub caller_name: Option<String>,
    pub callee: String,
    pub answered_by: Option<String>,
    pub arrived: i64,
    pub ringing: Option<i64>,
    pub answered: Option<i64>,
    pub ended: i64,
    pub disposition: String,
    pub cause: i32,
    pub status: i32,
    pub ended_by: String,
    pub application: Option<String>,
    pub application_version: Option<String>,
    pub fallback: Option<String>,
    pub legs: String,
    pub direction: Option<String>,
    pub came_over: Option<i64>,
    pub charge_trunk: Option<i64>,
    pub charge_number: Option<String>,
    pub charge_class: Option<String>,
    pub charge_user: Option<i64>,
    pub rate_prefix: Option<String>,
    pub rate_connect: Option<i64>,
    pub rate_per_minute: Option<i64>,
    pub rate_first: Option<i64>,
    pub rate_step: Option<i64>,
    pub charged_seconds: Option<i64>,
    pub cost: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
