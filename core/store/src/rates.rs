//! Rate tables, one a trunk: bytes that the store does not look into, and what is known of them.

use std::time::SystemTime;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switch::TrunkId;

use crate::entity::{micros, rate_table, time};
use crate::error::Error;
use crate::turn;

/// What is known of a rate table without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSheet {
    /// Whose rates.
    pub trunk: TrunkId,
    /// Another for each table that the trunk ever had: what was read with this one need not be read again.
    pub revision: i64,
    /// The name of the file that it came from.
    pub file: String,
    /// How many rates it has.
    pub count: u64,
    /// When it was imported.
    pub imported: SystemTime,
}

/// The rate tables.
#[derive(Debug)]
pub struct Rates<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Rates<'_> {
    /// Keeps a table in the place of the trunk's old one.
    ///
    /// # Errors
    /// No such trunk; a name of a file that cannot be kept.
    pub async fn put(&self, trunk: TrunkId, file: &str, count: u64, bytes: Vec<u8>) -> Result<RateSheet, Error> {
        use rate_table::Column;
        if file.len() > 256 || file.chars().any(char::is_control) {
            return Err(Error::invalid("file", "at most 256 bytes, no control characters"));
        }
        let transaction = turn::begin(self.db).await?;
        let before = sheets(&transaction, Some(trunk)).await?.pop();
        let imported = micros(SystemTime::now());
        // Also where the clock was set back. One that is removed and imported again is another too.
        let revision = before.map_or(imported, |before| imported.max(before.revision.saturating_add(1)));
        let row = rate_table::ActiveModel {
            trunk_id: Set(trunk.0),
            revision: Set(revision),
            file: Set(file.to_owned()),
            rates: Set(i64::try_from(count).unwrap_or(i64::MAX)),
            imported: Set(imported),
            bytes: Set(bytes),
        };
        let rest = [Column::Revision, Column::File, Column::Rates, Column::Imported, Column::Bytes];
        let conflict = OnConflict::column(Column::TrunkId).update_columns(rest).to_owned();
        let put = rate_table::Entity::insert(row).on_conflict(conflict).exec_without_returning(&transaction).await;
        // The one key that points elsewhere is the trunk's.
        put.map_err(|error| match Error::exists(error, "rate table") {
            Error::NotFound(_) => Error::NotFound("trunk"),
            other => other,
        })?;
        transaction.commit().await?;
        Ok(RateSheet { trunk, revision, file: file.to_owned(), count, imported: time(imported) })
    }

    /// What is known of all tables.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sheets(&self) -> Result<Vec<RateSheet>, Error> {
        sheets(self.db, None).await
    }

    /// What is known of a trunk's table.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it has none.
    pub async fn sheet(&self, trunk: TrunkId) -> Result<RateSheet, Error> {
        sheets(self.db, Some(trunk)).await?.pop().ok_or(Error::NotFound("rate table"))
    }

    /// A trunk's table, with what is known of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it has none.
    pub async fn get(&self, trunk: TrunkId) -> Result<(RateSheet, Vec<u8>), Error> {
        let row = rate_table::Entity::find_by_id(trunk.0).one(self.db).await?.ok_or(Error::NotFound("rate table"))?;
        Ok((sheet_of((row.trunk_id, row.revision, row.file, row.rates, row.imported)), row.bytes))
    }

    /// Removes a trunk's table: what its calls cost is unknown again.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it has none.
    pub async fn delete(&self, trunk: TrunkId) -> Result<(), Error> {
        let gone = rate_table::Entity::delete_by_id(trunk.0).exec(self.db).await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("rate table")) } else { Ok(()) }
    }
}

type Row = (i64, i64, String, i64, i64);

/// What is known of one trunk's table or of all, without their bytes.
pub(crate) async fn sheets(db: &impl ConnectionTrait, trunk: Option<TrunkId>) -> Result<Vec<RateSheet>, Error> {
    use rate_table::Column;
    let mut found = rate_table::Entity::find().select_only().columns([
        Column::TrunkId,
        Column::Revision,
        Column::File,
        Column::Rates,
        Column::Imported,
    ]);
    if let Some(trunk) = trunk {
        found = found.filter(Column::TrunkId.eq(trunk.0));
    }
    let rows: Vec<Row> = found.order_by_asc(Column::TrunkId).into_tuple().all(db).await?;
    Ok(rows.into_iter().map(sheet_of).collect())
}

fn sheet_of((trunk, revision, file, count, imported): Row) -> RateSheet {
    let count = u64::try_from(count).unwrap_or_default();
    RateSheet { trunk: TrunkId(trunk), revision, file, count, imported: time(imported) }
}
