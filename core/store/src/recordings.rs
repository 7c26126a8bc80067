//! Recordings: listed while they are made, found by tenant and name. The files are the server's affair.

use std::time::{Duration, SystemTime};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use switch::{KeptRecording, RecordingKind, TenantId};

use crate::entity::{micros, recording, time};
use crate::error::Error;

/// A recording as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecording {
    /// Whose.
    pub tenant: TenantId,
    /// Its name in the tenant.
    pub name: String,
    /// The uid of the call that it is of.
    pub call: Option<String>,
    /// `message`, `call` or `room`.
    pub kind: String,
    /// When it began.
    pub started: SystemTime,
    /// How long it is; `None` while it goes on.
    pub length: Option<Duration>,
    /// How many bytes its file has; `None` while it goes on.
    pub bytes: Option<u64>,
    /// `wav` or `opus`.
    pub format: String,
    /// `mixed` or `stereo`.
    pub layout: String,
    /// Why it ended early, if it did.
    pub fault: Option<String>,
}

/// What is left of a recording whose writer was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedRecording {
    /// Its name in the tenant.
    pub name: String,
    /// How long it is.
    pub length: Duration,
    /// How many bytes its file has.
    pub bytes: u64,
    /// `wav` or `opus`.
    pub format: String,
}

/// Which recordings are wanted. All that are given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Begun at this time or later.
    pub from: Option<SystemTime>,
    /// Begun before this time.
    pub until: Option<SystemTime>,
    /// Of the call of this uid.
    pub call: Option<String>,
    /// Of this kind.
    pub kind: Option<RecordingKind>,
}

/// A page of recordings, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingPage {
    /// The recordings.
    pub recordings: Vec<StoredRecording>,
    /// What to ask with for the next page; `None` when this was the last.
    pub next: Option<String>,
}

/// The recordings of one tenant.
#[derive(Debug)]
pub struct Recordings<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Recordings<'_> {
    /// A page of at most `size` recordings, after the page that gave `token`.
    ///
    /// # Errors
    /// A token that was never given.
    pub async fn query(
        &self,
        filter: &RecordingFilter,
        size: u64,
        token: Option<&str>,
    ) -> Result<RecordingPage, Error> {
        use recording::Column;
        let size = size.clamp(1, 1000);
        let mut found = recording::Entity::find().filter(Column::TenantId.eq(self.tenant.0));
        if let Some(from) = filter.from {
            found = found.filter(Column::Started.gte(micros(from)));
        }
        if let Some(until) = filter.until {
            found = found.filter(Column::Started.lt(micros(until)));
        }
        if let Some(call) = &filter.call {
            found = found.filter(Column::CallUid.eq(call));
        }
        if let Some(kind) = filter.kind {
            found = found.filter(Column::Kind.eq(kind.as_str()));
        }
        if let Some(token) = token {
            let place = token.split_once('-').and_then(|(started, name)| Some((started.parse::<i64>().ok()?, name)));
            let (started, name) = place
                .ok_or(Error::Invalid { field: "page_token", why: "was not given by an earlier page".to_owned() })?;
            let later = Condition::all().add(Column::Started.eq(started)).add(Column::Name.lt(name));
            found = found.filter(Condition::any().add(Column::Started.lt(started)).add(later));
        }
        let mut rows =
            found.order_by_desc(Column::Started).order_by_desc(Column::Name).limit(size + 1).all(self.db).await?;
        let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(|row| format!("{}-{}", row.started, row.name));
        Ok(RecordingPage { recordings: rows.into_iter().map(stored).collect(), next })
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, name: &str) -> Result<StoredRecording, Error> {
        let row = recording::Entity::find_by_id((self.tenant.0, name.to_owned())).one(self.db).await?;
        row.map(stored).ok_or(Error::NotFound("recording"))
    }

    /// Forgets one; its file is gone already.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let gone = recording::Entity::delete_by_id((self.tenant.0, name.to_owned())).exec(self.db).await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("recording")) } else { Ok(()) }
    }

    /// Recordings of calls and rooms that are over and began before this time: when, and their names; the oldest first,
    /// `most` of them, after this one. Messages are whoever's recorded them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn older_than(
        &self,
        before: SystemTime,
        after: Option<&(SystemTime, String)>,
        most: u64,
    ) -> Result<Vec<(SystemTime, String)>, Error> {
        use recording::Column;
        let kinds = [RecordingKind::Call, RecordingKind::Room].map(RecordingKind::as_str);
        let mut found = recording::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Started.lt(micros(before)))
            .filter(Column::Kind.is_in(kinds))
            .filter(Column::Bytes.is_not_null());
        if let Some((started, name)) = after {
            let started = micros(*started);
            let later = Condition::all().add(Column::Started.eq(started)).add(Column::Name.gt(name));
            found = found.filter(Condition::any().add(Column::Started.gt(started)).add(later));
        }
        let rows = found.order_by_asc(Column::Started).order_by_asc(Column::Name).limit(most).all(self.db).await?;
        Ok(rows.into_iter().map(|row| (time(row.started), row.name)).collect())
    }

    /// The names of messages that are called by this word and the uid of their call, as `name-5f2c…`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn messages_called(&self, word: &str) -> Result<Vec<String>, Error> {
        use recording::Column;
        let rows = recording::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Kind.eq(RecordingKind::Message.as_str()))
            .filter(Column::Name.starts_with(format!("{word}-")))
            .all(self.db)
            .await?;
        let own = |row: &recording::Model| row.call_uid.as_ref().is_some_and(|uid| row.name == format!("{word}-{uid}"));
        Ok(rows.into_iter().filter(own).map(|row| row.name).collect())
    }

    /// Those that go on; at a start, those that were cut off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unfinished(&self) -> Result<Vec<StoredRecording>, Error> {
        use recording::Column;
        let open = recording::Entity::find().filter(Column::TenantId.eq(self.tenant.0)).filter(Column::Bytes.is_null());
        Ok(open.all(self.db).await?.into_iter().map(stored).collect())
    }

    /// What is left of one whose writer was cut off. Where nothing was known of it, it is listed as a message that ends
    /// now; what is known of an older one that had its name goes with that one's file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mended(&self, mended: &MendedRecording, now: SystemTime) -> Result<(), Error> {
        const FAULT: &str = "the exchange ended while it was recorded";
        use recording::Column;
        let (length, bytes) = (millis(mended.length), count(mended.bytes));
        let changed = recording::Entity::update_many()
            .col_expr(Column::LengthMs, Expr::value(length))
            .col_expr(Column::Bytes, Expr::value(bytes))
            .col_expr(Column::Format, Expr::value(mended.format.as_str()))
            .col_expr(Column::Fault, Expr::value(FAULT))
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Name.eq(mended.name.as_str()))
            .filter(Column::Bytes.is_null())
            .exec(self.db)
            .await?;
        if changed.rows_affected > 0 {
            return Ok(());
        }
        let row = recording::ActiveModel {
            tenant_id: Set(self.tenant.0),
            name: Set(mended.name.clone()),
            call_uid: Set(None),
            kind: Set(RecordingKind::Message.as_str().to_owned()),
            started: Set(micros(now.checked_sub(mended.length).unwrap_or(now))),
            length_ms: Set(Some(length)),
            bytes: Set(Some(bytes)),
            format: Set(mended.format.clone()),
            layout: Set("mixed".to_owned()),
            fault: Set(Some(FAULT.to_owned())),
        };
        recording::Entity::insert(row).on_conflict(replacing()).exec_without_returning(self.db).await?;
        Ok(())
    }
}

/// All that is known of an older one of the name gives way.
fn replacing() -> OnConflict {
    use recording::Column;
    let rest = [
        Column::CallUid,
        Column::Kind,
        Column::Started,
        Column::LengthMs,
        Column::Bytes,
        Column::Format,
        Column::Layout,
        Column::Fault,
    ];
    OnConflict::columns([Column::TenantId, Column::Name]).update_columns(rest).to_owned()
}

/// Writes down that a recording has begun, or what came of it.
pub(crate) async fn apply(db: &impl ConnectionTrait, kept: KeptRecording) -> Result<(), Error> {
    use recording::Column;
    let conflict = match &kept.end {
        // What had the name is there until something takes its place.
        None => OnConflict::columns([Column::TenantId, Column::Name]).do_nothing().to_owned(),
        Some(end) if end.bytes == 0 => {
            // There is no file. An older one of the name stays.
            recording::Entity::delete_many()
                .filter(Column::TenantId.eq(kept.tenant.0))
                .filter(Column::Name.eq(kept.name))
                .filter(Column::Started.eq(micros(kept.started)))
                .filter(Column::Bytes.is_null())
                .exec(db)
                .await?;
            return Ok(());
        }
        Some(_) => replacing(),
    };
    recording::Entity::insert(row(kept)).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

fn row(kept: KeptRecording) -> recording::ActiveModel {
    let (length, bytes, fault) = match kept.end {
        Some(end) => (Some(millis(end.length)), Some(count(end.bytes)), end.fault),
        None => (None, None, None),
    };
    recording::ActiveModel {
        tenant_id: Set(kept.tenant.0),
        name: Set(kept.name),
        call_uid: Set(kept.call.map(|uid| uid.to_string())),
        kind: Set(kept.kind.as_str().to_owned()),
        started: Set(micros(kept.started)),
        length_ms: Set(length),
        bytes: Set(bytes),
        format: Set(kept.format.as_str().to_owned()),
        layout: Set(kept.layout.as_str().to_owned()),
        fault: Set(fault),
    }
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn count(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn stored(row: recording::Model) -> StoredRecording {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    StoredRecording {
        tenant: TenantId(row.tenant_id),
        name: row.name,
        call: row.call_uid,
        kind: row.kind,
        started: time(row.started),
        length: row.length_ms.map(|length| Duration::from_millis(positive(length))),
        bytes: row.bytes.map(positive),
        format: row.format,
        layout: row.layout,
        fault: row.fault,
    }
}
