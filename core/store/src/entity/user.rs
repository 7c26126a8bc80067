//! The table `account`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tenant_id: i64,
    pub name: String,
    pub display_name: Option<String>,
    pub extension: Option<String>,
    pub ha1_md5: Vec<u8>,
    pub ha1_sha256: Vec<u8>,
    pub ha1_sha512_256: Vec<u8>,
    pub enabled: bool,
    pub created: i64,
    pub secrecy: Option<String>,
    pub codecs: Option<String>,
    pub language: Option<String>,
    pub grants: Option<String>,
    pub concurrent: Option<i64>,
    pub per_second: Option<i64>,
    pub per_hour: Option<i64>,
    pub minutes_per_day: Option<i64>,
    pub cost_per_day: Option<i64>,
    pub shown: Option<String>,
    pub location: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
