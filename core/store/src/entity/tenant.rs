//! The table `tenant`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub name: String,
    pub realm: String,
    pub time_zone: String,
    pub fallback_status: Option<i32>,
    pub max_calls: Option<i32>,
    pub ring_seconds: i32,
    pub peers: String,
    pub hosts: String,
    pub created: i64,
    pub secrecy: Option<String>,
    pub codecs: Option<String>,
    pub recording_days: Option<i32>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub music: Option<String>,
    pub dial_country: Option<String>,
    pub dial_area: Option<String>,
    pub dial_line: Option<String>,
    pub grants: Option<String>,
    pub concurrent: Option<i64>,
    pub per_second: Option<i64>,
    pub per_hour: Option<i64>,
    pub minutes_per_day: Option<i64>,
    pub cost_per_day: Option<i64>,
    pub shown: Option<String>,
    pub emergency_trunk: Option<i64>,
    pub location: Option<String>,
    pub voicemail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
