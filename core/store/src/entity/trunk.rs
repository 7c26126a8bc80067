//! The table `trunk`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trunk")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub name: String,
    pub tenant_id: Option<i64>,
    pub enabled: bool,
    pub login_user: Option<String>,
    pub login_realm: Option<String>,
    pub ha1_md5: Option<Vec<u8>>,
    pub ha1_sha256: Option<Vec<u8>>,
    pub ha1_sha512_256: Option<Vec<u8>>,
    pub policy: String,
    pub concurrent: Option<i64>,
    pub per_second: Option<i64>,
    pub per_hour: Option<i64>,
    pub minutes_per_day: Option<i64>,
    pub cost_per_day: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
