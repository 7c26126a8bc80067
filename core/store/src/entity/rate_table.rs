//! The table `rate_table`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_table")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub trunk_id: i64,
    pub revision: i64,
    pub file: String,
    pub rates: i64,
    pub imported: i64,
    pub bytes: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
