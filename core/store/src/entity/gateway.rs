//! The table `gateway`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gateway")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub trunk_id: i64,
    pub place: i32,
    pub name: String,
    pub host: String,
    pub port: Option<i32>,
    pub transport: Option<String>,
    pub priority: i32,
    pub weight: i32,
    pub rule: String,
    pub max_calls: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
