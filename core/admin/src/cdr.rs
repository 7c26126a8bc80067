//! `CdrService`: the records of calls that ended.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::SystemTime;

use prost_types::Timestamp;
use store::{CdrFilter, StoredCdr, StoredLeg};
use switch::TrunkId;
use tonic::{Request, Response, Status};

use crate::call::read_uid;
use crate::desk::{Desk, is_text};
use crate::outside::class;
use crate::route::rate;
use crate::v1::cdr_service_server::CdrService;
use crate::v1::{
    CallDirection, Cdr, Charge, Direction, Disposition, GetCdrRequest, Label, Leg, Media, QueryCdrsRequest,
    QueryCdrsResponse, Side, Via,
};
use crate::violations::{Violations, failed};
use crate::words::{filled, timestamp};

/// How many records a page has where the request does not say.
const PAGE: u32 = 100;
/// How many it has at most.
const LARGEST_PAGE: u32 = 1000;
/// With their names in the store.
const DISPOSITIONS: [(&str, Disposition, &str); 6] = [
    ("answered", Disposition::Answered, "answered"),
    ("no-answer", Disposition::NoAnswer, "no-answer"),
    ("busy", Disposition::Busy, "busy"),
    ("rejected", Disposition::Rejected, "rejected"),
    ("cancelled", Disposition::Cancelled, "cancelled"),
    ("failed", Disposition::Failed, "failed"),
];
/// The same.
const DIRECTIONS: [(&str, CallDirection, &str); 4] = [
    ("internal", CallDirection::Internal, "internal"),
    ("inbound", CallDirection::Inbound, "inbound"),
    ("outbound", CallDirection::Outbound, "outbound"),
    ("originated", CallDirection::Originated, "originated"),
];
/// The years 1 to 9999 in seconds since 1970.
const YEARS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

#[tonic::async_trait]
impl CdrService for Desk {
    async fn query(&self, request: Request<QueryCdrsRequest>) -> Result<Response<QueryCdrsResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        wrong.expect(is_text(&request.caller), "caller", "at most 256 bytes, no control characters");
        wrong.expect(is_text(&request.callee), "callee", "at most 256 bytes, no control characters");
        wrong.expect(is_text(&request.page_token), "page_token", "was not given by an earlier page");
        let (token, trunk) = (filled(request.page_token.clone()), request.trunk.clone());
        let filter = read_filter(&mut wrong, request);
        wrong.finish()?;
        let filter = CdrFilter { trunk: self.trunk_if_said("trunk", &trunk).await?, ..filter };
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        let page =
            self.store.cdrs(tenant.id).query(&filter, u64::from(size), token.as_deref()).await.map_err(failed)?;
        let cdrs = page.cdrs.into_iter().map(|cdr| spelt(&tenant.name, &trunks, cdr)).collect();
        Ok(Response::new(QueryCdrsResponse { cdrs, next_page_token: page.next.unwrap_or_default() }))
    }

    async fn get(&self, request: Request<GetCdrRequest>) -> Result<Response<Cdr>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let uid = read_uid(&request.uid)?;
        let found = self.store.cdrs(tenant.id).get(&uid.to_string()).await.map_err(failed)?;
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        Ok(Response::new(spelt(&tenant.name, &trunks, found)))
    }
}

fn read_filter(wrong: &mut Violations, request: QueryCdrsRequest) -> CdrFilter {
    let disposition = wrong.word_if_said("disposition", request.disposition, &DISPOSITIONS);
    let direction = wrong.word_if_said("direction", request.direction, &DIRECTIONS);
    CdrFilter {
        from: read_time(wrong, "since", request.since),
        until: read_time(wrong, "until", request.until),
        caller: filled(request.caller),
        callee: filled(request.callee),
        disposition: disposition.map(str::to_owned),
        direction: direction.map(str::to_owned),
        trunk: None,
    }
}

/// A time within what a `Timestamp` may be: protocol buffers give it the years 1 to 9999.
pub(crate) fn read_time(wrong: &mut Violations, field: &str, time: Option<Timestamp>) -> Option<SystemTime> {
    let time = time?;
    let sound = YEARS.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos);
    // Elsewhere the conversion itself overflows.
    let read = if sound { SystemTime::try_from(time).ok() } else { None };
    wrong.read(field, read.ok_or_else(|| "a time in the years 1 to 9999".to_owned()))
}

fn read_disposition(kept: &str) -> Disposition {
    let known = DISPOSITIONS.iter().find(|(.., name)| *name == kept);
    known.map_or(Disposition::Unspecified, |(_, disposition, _)| *disposition)
}

fn read_direction(kept: Option<&str>) -> CallDirection {
    let known = DIRECTIONS.iter().find(|(.., name)| Some(*name) == kept);
    known.map_or(CallDirection::Unspecified, |(_, direction, _)| *direction)
}

fn read_side(kept: &str) -> Side {
    match kept {
        "caller" => Side::Caller,
        "callee" => Side::Callee,
        "exchange" => Side::Exchange,
        _ => Side::Unspecified,
    }
}

fn spelt(tenant: &str, trunks: &BTreeMap<TrunkId, String>, cdr: StoredCdr) -> Cdr {
    // A trunk that is gone is told by its id, which is never another's.
    let trunk = |id: TrunkId| trunks.get(&id).cloned().unwrap_or_else(|| format!("#{}", id.0));
    let charge = cdr.charge.map(|charge| Charge {
        trunk: trunk(charge.trunk),
        number: charge.number.to_string(),
        class: class(charge.class).into(),
        rate: charge.rate.map(rate),
        seconds: charge.seconds,
        cost: charge.cost.to_string(),
        user_id: charge.user.map(|user| user.0),
    });
    // A clock that was set back between answer and end leaves no talk time rather than a negative one.
    let talk = cdr.answered.map(|answered| cdr.ended.duration_since(answered).unwrap_or_default());
    Cdr {
        uid: cdr.uid,
        tenant: tenant.to_owned(),
        caller: cdr.caller,
        caller_name: cdr.caller_name,
        callee: cdr.callee,
        answered_by: cdr.answered_by,
        arrived: Some(timestamp(cdr.arrived)),
        ringing: cdr.ringing.map(timestamp),
        answered: cdr.answered.map(timestamp),
        ended: Some(timestamp(cdr.ended)),
        talk: talk.and_then(|talk| prost_types::Duration::try_from(talk).ok()),
        disposition: read_disposition(&cdr.disposition).into(),
        cause: u32::from(cdr.cause),
        status: u32::from(cdr.status),
        ended_by: read_side(&cdr.ended_by).into(),
        application: cdr.application.map(|name| Label { name, version: cdr.application_version.unwrap_or_default() }),
        fallback: cdr.fallback,
        legs: cdr.legs.into_iter().map(leg).collect(),
        user_id: cdr.user,
        direction: read_direction(cdr.direction.as_deref()).into(),
        came_over: cdr.came_over.map(trunk),
        charge,
    }
}

/// A leg of a call that is over, or of one that is up.
pub(crate) fn leg(leg: StoredLeg) -> Leg {
    let direction = match leg.direction.as_str() {
        "arriving" => Direction::Arriving,
        "calling" => Direction::Calling,
        _ => Direction::Unspecified,
    };
    Leg {
        direction: direction.into(),
        party: leg.party,
        sip_call_id: leg.sip_call_id,
        remote: leg.remote,
        status: leg.status.map(u32::from),
        via: leg.gateway.map(|via| Via { trunk: via.trunk, gateway: via.gateway }),
        media: leg.media.map(|media| Media {
            packets_in: media.packets_in,
            packets_out: media.packets_out,
            lost: media.lost,
            jitter_us: media.jitter_us,
            dropped: media.dropped,
            rtt_us: media.rtt_us,
            far_lost: media.far_lost,
            far_jitter_us: media.far_jitter_us,
            r_factor: media.r_factor.map(|tenths| f64::from(tenths) / 10.0),
            mos: media.mos.map(|hundredths| f64::from(hundredths) / 100.0),
        }),
    }
}
