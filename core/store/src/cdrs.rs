//! Call records: written once, found by tenant.

use std::time::SystemTime;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use switch::{Cdr, Charge, Direction, LegRecord, Money, Number, NumberClass, Rate, TenantId, TrunkId, UserId, Via};

use crate::entity::{cdr, micros, time};
use crate::error::Error;

/// A call record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCdr {
    /// The call's name: 24 hex digits.
    pub uid: String,
    /// Whose call.
    pub tenant: TenantId,
    /// `internal`, `inbound`, `outbound` or `originated`; `None` in records of versions that did not say it.
    pub direction: Option<String>,
    /// The user that called, if one of ours did.
    pub user: Option<i64>,
    /// The caller's number or name.
    pub caller: String,
    /// The display name that the caller gave.
    pub caller_name: Option<String>,
    /// What was dialled.
    pub callee: String,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When the INVITE came.
    pub arrived: SystemTime,
    /// When a phone first rang.
    pub ringing: Option<SystemTime>,
    /// When the caller was answered.
    pub answered: Option<SystemTime>,
    /// When it was over.
    pub ended: SystemTime,
    /// `answered`, `no-answer`, `busy`, `rejected`, `cancelled` or `failed`.
    pub disposition: String,
    /// The Q.850 cause.
    pub cause: u8,
    /// The final SIP status that the caller got.
    pub status: u16,
    /// `caller`, `callee` or `exchange`.
    pub ended_by: String,
    /// The dialplan's name.
    pub application: Option<String>,
    /// Its version's hash.
    pub application_version: Option<String>,
    /// Why the fallback served the caller, if it did.
    pub fallback: Option<String>,
    /// The trunk that it came over.
    pub came_over: Option<TrunkId>,
    /// What was charged for it.
    pub charge: Option<Charge>,
    /// Every leg, the caller's first.
    pub legs: Vec<StoredLeg>,
}

/// A leg as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLeg {
    /// `arriving` or `calling`.
    pub direction: String,
    /// Who was at its far end.
    pub party: String,
    /// Its SIP Call-ID.
    pub sip_call_id: String,
    /// Where its signalling came from or went to.
    pub remote: String,
    /// The last final status on it.
    pub status: Option<u16>,
    /// The gateway that it went by, or came from; unknown in records of versions that did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<StoredVia>,
    /// What went through its media port.
    pub media: Option<StoredMedia>,
}

/// By which trunk and gateway a leg went, by their names at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVia {
    /// The trunk.
    pub trunk: String,
    /// The gateway; `None` for a call that came from none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

/// What went through a media port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMedia {
    /// RTP packets received.
    pub packets_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// RTP packets that never came.
    pub lost: u64,
    /// Interarrival jitter in microseconds, where it was measured.
    pub jitter_us: Option<u32>,
    /// The mean round trip to the far end in microseconds. This and what follows it is unknown where RTCP did not tell it,
    /// and in records of versions that did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u32>,
    /// Packets sent that the far end never had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_lost: Option<u64>,
    /// Jitter in microseconds as the far end saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_jitter_us: Option<u32>,
    /// The rating R of ITU-T G.107, in tenths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_factor: Option<u16>,
    /// The opinion score that it stands for, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<u16>,
    /// Packets that were not the far end's.
    pub dropped: u64,
}

/// Which records are wanted. All that are given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CdrFilter {
    /// Arrived at this time or later.
    pub from: Option<SystemTime>,
    /// Arrived before this time.
    pub until: Option<SystemTime>,
    /// This caller.
    pub caller: Option<String>,
    /// This callee.
    pub callee: Option<String>,
    /// This disposition.
    pub disposition: Option<String>,
    /// This direction.
    pub direction: Option<String>,
    /// Over this trunk, in or out.
    pub trunk: Option<TrunkId>,
}

/// What calls outside were charged, of one tenant and one user by one trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentSince {
    /// Whose calls.
    pub tenant: TenantId,
    /// Which user's; `None` for those that no user paid.
    pub user: Option<UserId>,
    /// By which trunk.
    pub trunk: TrunkId,
    /// How many calls.
    pub calls: u64,
    /// So many charged seconds.
    pub seconds: u64,
    /// What they cost.
    pub cost: Money,
}

/// A page of records, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CdrPage {
    /// The records.
    pub cdrs: Vec<StoredCdr>,
    /// What to ask with for the next page; `None` when this was the last.
    pub next: Option<String>,
}

/// The call records of one tenant.
#[derive(Debug)]
pub struct Cdrs<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Cdrs<'_> {
    /// A page of at most `size` records, after the page that gave `token`.
    ///
    /// # Errors
    /// A token that was never given.
    pub async fn query(&self, filter: &CdrFilter, size: u64, token: Option<&str>) -> Result<CdrPage, Error> {
        use cdr::Column;
        let size = size.clamp(1, 1000);
        let mut found = cdr::Entity::find().filter(Column::TenantId.eq(self.tenant.0));
        if let Some(from) = filter.from {
            found = found.filter(Column::Arrived.gte(micros(from)));
        }
        if let Some(until) = filter.until {
            found = found.filter(Column::Arrived.lt(micros(until)));
        }
        for (column, wanted) in [
            (Column::Caller, &filter.caller),
            (Column::Callee, &filter.callee),
            (Column::Disposition, &filter.disposition),
            (Column::Direction, &filter.direction),
        ] {
            if let Some(wanted) = wanted {
                found = found.filter(column.eq(wanted));
            }
        }
        if let Some(trunk) = filter.trunk {
            let either = Condition::any().add(Column::CameOver.eq(trunk.0)).add(Column::ChargeTrunk.eq(trunk.0));
            found = found.filter(either);
        }
        if let Some(token) = token {
            let place = token.split_once('-').and_then(|(arrived, uid)| Some((arrived.parse::<i64>().ok()?, uid)));
            let (arrived, uid) = place
                .ok_or(Error::Invalid { field: "page_token", why: "was not given by an earlier page".to_owned() })?;
            let later = Condition::all().add(Column::Arrived.eq(arrived)).add(Column::Uid.lt(uid));
            found = found.filter(Condition::any().add(Column::Arrived.lt(arrived)).add(later));
        }
        let mut rows =
            found.order_by_desc(Column::Arrived).order_by_desc(Column::Uid).limit(size + 1).all(self.db).await?;
        let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(|row| format!("{}-{}", row.arrived, row.uid));
        let cdrs = rows.into_iter().map(cdr_of).collect::<Result<_, _>>()?;
        Ok(CdrPage { cdrs, next })
    }

    /// One by the call's name.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, uid: &str) -> Result<StoredCdr, Error> {
        let row = cdr::Entity::find_by_id(uid).filter(cdr::Column::TenantId.eq(self.tenant.0)).one(self.db).await?;
        cdr_of(row.ok_or(Error::NotFound("call record"))?)
    }
}

pub(crate) async fn insert(db: &impl ConnectionTrait, cdrs: Vec<Cdr>) -> Result<(), Error> {
    let rows: Vec<cdr::ActiveModel> = cdrs.into_iter().map(row_of).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // A batch that is tried again after a lost answer must not fail on what is there.
    let conflict = OnConflict::column(cdr::Column::Uid).do_nothing().to_owned();
    cdr::Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

fn row_of(cdr: Cdr) -> cdr::ActiveModel {
    let legs: Vec<StoredLeg> = cdr.legs.into_iter().map(StoredLeg::from).collect();
    let (application, application_version) = cdr.application.map(|label| (label.name, label.version)).unzip();
    let charge = cdr.charge.as_ref();
    let rate = charge.and_then(|charge| charge.rate.as_ref());
    let seconds = charge.map(|charge| i64::try_from(charge.seconds).unwrap_or(i64::MAX));
    cdr::ActiveModel {
        uid: Set(cdr.uid.to_string()),
        tenant_id: Set(cdr.tenant.0),
        direction: Set(Some(cdr.direction.as_str().to_owned())),
        user_id: Set(cdr.user.map(|user| user.0)),
        caller: Set(cdr.caller),
        caller_name: Set(cdr.caller_name),
        callee: Set(cdr.callee),
        answered_by: Set(cdr.answered_by),
        arrived: Set(micros(cdr.arrived)),
        ringing: Set(cdr.ringing.map(micros)),
        answered: Set(cdr.answered.map(micros)),
        ended: Set(micros(cdr.ended)),
        disposition: Set(cdr.disposition.as_str().to_owned()),
        cause: Set(i32::from(cdr.cause.0)),
        status: Set(i32::from(cdr.status)),
        ended_by: Set(cdr.by.as_str().to_owned()),
        application: Set(application),
        application_version: Set(application_version),
        fallback: Set(cdr.fallback),
        legs: Set(serde_json::to_string(&legs).unwrap_or_else(|_| "[]".to_owned())),
        came_over: Set(cdr.came_over.map(|trunk| trunk.0)),
        charge_trunk: Set(charge.map(|charge| charge.trunk.0)),
        charge_number: Set(charge.map(|charge| charge.number.to_string())),
        charge_class: Set(charge.map(|charge| charge.class.as_str().to_owned())),
        charge_user: Set(charge.and_then(|charge| charge.user).map(|user| user.0)),
        rate_prefix: Set(rate.map(|rate| rate.prefix.clone())),
        rate_connect: Set(rate.map(|rate| rate.connect.0)),
        rate_per_minute: Set(rate.map(|rate| rate.per_minute.0)),
        rate_first: Set(rate.map(|rate| i64::from(rate.first))),
        rate_step: Set(rate.map(|rate| i64::from(rate.step))),
        charged_seconds: Set(seconds),
        cost: Set(charge.map(|charge| charge.cost.0)),
    }
}

impl From<LegRecord> for StoredLeg {
    fn from(leg: LegRecord) -> Self {
        let direction = match leg.direction {
            Direction::Arriving => "arriving",
            Direction::Calling => "calling",
        };
        Self {
            direction: direction.to_owned(),
            party: leg.party,
            sip_call_id: leg.sip_call_id,
            remote: leg.remote.to_string(),
            status: leg.status,
            gateway: leg.gateway.map(|Via { trunk, gateway }| StoredVia { trunk, gateway }),
            media: leg.media.map(|media| StoredMedia {
                packets_in: media.packets_in,
                packets_out: media.packets_out,
                lost: media.lost,
                jitter_us: media.jitter_us,
                rtt_us: media.rtt_us,
                far_lost: media.far_lost,
                far_jitter_us: media.far_jitter_us,
                r_factor: media.r_factor,
                mos: media.mos,
                dropped: media.dropped,
            }),
        }
    }
}

fn cdr_of(row: cdr::Model) -> Result<StoredCdr, Error> {
    Ok(StoredCdr {
        came_over: row.came_over.map(TrunkId),
        charge: charge_of(&row)?,
        legs: serde_json::from_str(&row.legs).map_err(|_| Error::Corrupt("call record"))?,
        uid: row.uid,
        tenant: TenantId(row.tenant_id),
        direction: row.direction,
        user: row.user_id,
        caller: row.caller,
        caller_name: row.caller_name,
        callee: row.callee,
        answered_by: row.answered_by,
        arrived: time(row.arrived),
        ringing: row.ringing.map(time),
        answered: row.answered.map(time),
        ended: time(row.ended),
        disposition: row.disposition,
        cause: u8::try_from(row.cause).unwrap_or(0),
        status: u16::try_from(row.status).unwrap_or(0),
        ended_by: row.ended_by,
        application: row.application,
        application_version: row.application_version,
        fallback: row.fallback,
    })
}

/// What is kept of a charge. A record that was not charged has none.
fn charge_of(row: &cdr::Model) -> Result<Option<Charge>, Error> {
    const CORRUPT: Error = Error::Corrupt("call record");
    let Some(trunk) = row.charge_trunk else { return Ok(None) };
    let number = row.charge_number.clone().ok_or(CORRUPT)?;
    // As it is written: a number of the world with its `+`, a short one without.
    let number = number.parse().map_or_else(|_| Number::Short(number), Number::World);
    let rate = row.rate_prefix.clone().map(|prefix| {
        let seconds = |column: Option<i64>| u32::try_from(column.unwrap_or_default()).unwrap_or_default();
        Rate {
            prefix,
            connect: Money(row.rate_connect.unwrap_or_default()),
            per_minute: Money(row.rate_per_minute.unwrap_or_default()),
            first: seconds(row.rate_first),
            step: seconds(row.rate_step),
        }
    });
    Ok(Some(Charge {
        trunk: TrunkId(trunk),
        number,
        class: row.charge_class.as_deref().and_then(NumberClass::parse).ok_or(CORRUPT)?,
        rate,
        seconds: u64::try_from(row.charged_seconds.unwrap_or_default()).unwrap_or_default(),
        cost: Money(row.cost.unwrap_or_default()),
        user: row.charge_user.map(UserId),
    }))
}

/// What calls outside that ended since then were charged. A call that began before and ended since counts whole.
pub(crate) async fn spent_since(db: &impl ConnectionTrait, since: SystemTime) -> Result<Vec<SpentSince>, Error> {
    use cdr::Column;
    // PostgreSQL sums whole numbers into decimal ones.
    let sum = |column: Column| Expr::col(column).sum().cast_as("BIGINT");
    let rows = cdr::Entity::find()
        .select_only()
        .columns([Column::TenantId, Column::ChargeUser, Column::ChargeTrunk])
        .column_as(Column::Uid.count(), "calls")
        .column_as(sum(Column::ChargedSeconds), "seconds")
        .column_as(sum(Column::Cost), "total")
        .filter(Column::Ended.gte(micros(since)))
        .filter(Column::ChargeTrunk.is_not_null())
        .group_by(Column::TenantId)
        .group_by(Column::ChargeUser)
        .group_by(Column::ChargeTrunk)
        .order_by_asc(Column::TenantId)
        .order_by_asc(Column::ChargeUser)
        .order_by_asc(Column::ChargeTrunk);
    let rows: Vec<(i64, Option<i64>, i64, i64, i64, i64)> = rows.into_tuple().all(db).await?;
    let spent = |(tenant, user, trunk, calls, seconds, cost): (i64, Option<i64>, i64, i64, i64, i64)| SpentSince {
        tenant: TenantId(tenant),
        user: user.map(UserId),
        trunk: TrunkId(trunk),
        calls: u64::try_from(calls).unwrap_or_default(),
        seconds: u64::try_from(seconds).unwrap_or_default(),
        cost: Money(cost),
    };
    Ok(rows.into_iter().map(spent).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_kept_before_voices_were_rated_is_read() {
        let kept = r#"[{"direction":"calling","party":"bob","sip_call_id":"x","remote":"192.0.2.1:5060","status":200,
            "media":{"packets_in":50,"packets_out":49,"lost":1,"jitter_us":125,"dropped":0}}]"#;
        let legs: Vec<StoredLeg> = serde_json::from_str(kept).expect("legs");
        let media = legs.first().and_then(|leg| leg.media).expect("counts");
        assert_eq!((media.jitter_us, media.rtt_us, media.far_lost, media.mos), (Some(125), None, None, None));
        let written = serde_json::to_string(&legs).expect("text");
        assert!(!written.contains("mos"), "what is unknown takes no room: {written}");
    }
}
