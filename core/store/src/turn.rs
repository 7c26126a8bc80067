//! Changes that look at what is there before they write: one after the other, so that what was seen still holds.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::error::Error;

/// The key of the lock that such changes hold in PostgreSQL: any number that nobody else takes.
const KEY: i64 = 0x5354_524f_5747_4552;

/// A transaction beside which no other of its kind runs.
pub(crate) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    // In SQLite one that only becomes a writer later may find that another has written meanwhile.
    let immediate = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
    let transaction = db.begin_with_options(options).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({KEY})")).await?;
    }
    Ok(transaction)
}

/// A transaction that sees one state of the database from its first query to its last.
pub(crate) async fn look(db: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    // SQLite's always do.
    let level = (db.get_database_backend() == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
    Ok(db.begin_with_config(level, None).await?)
}
