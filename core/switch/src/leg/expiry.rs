//! The session timer of one leg (RFC 4028): it is agreed on in an INVITE or UPDATE and its 2xx, anew in each of them.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | any | a 2xx with Session-Expires, we refresh | Ours | - |
//! | any | a 2xx with Session-Expires, the far end refreshes | Theirs | - |
//! | any | a 2xx without | Off | - |
//! | Ours | half of the time is over | Ours | UPDATE where the far end takes it, else INVITE |
//! | Ours, Theirs | the time is nearly over (§10) | Off | BYE |
//!
//! Whom we answer may refresh if it can: it knows best when it is gone.

use std::time::Duration;

use sip::{Message, Method, Name, Refresher, Writer};

use super::Leg;
use crate::timers::{Timer, TimerKey};
use crate::trunk::{Reliable, SessionTimer};
use crate::wire::Wire;

/// RFC 4028 §4: no shorter interval is allowed.
const LEAST: u32 = 90;
/// §10: the BYE comes before the end of the time by a third of it, or by so much.
const MARGIN: u32 = 32;
/// How often a longer interval is asked for in a row.
const TRIES: u8 = 3;

/// How long a leg's dialog stands without being refreshed.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    /// As it was agreed on last.
    terms: Option<Terms>,
    refresh: Option<TimerKey>,
    end: Option<TimerKey>,
    /// The far end takes UPDATE (RFC 3311 §4), as it says.
    takes_update: bool,
    /// It does not, whatever it says.
    refuses_update: bool,
    /// The least that the far end takes in seconds, as it said with a 422.
    floor: Option<u32>,
    /// How often it said so in a row.
    tries: u8,
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    seconds: u32,
    /// We refresh.
    ours: bool,
}

impl Expiry {
    /// What the far end says of itself.
    pub(crate) fn note(&mut self, message: &Message<'_>) {
        if let Some(takes) = message.allows(Method::Update) {
            self.takes_update = takes;
        }
    }

    pub(crate) const fn takes_update(&self) -> bool {
        self.takes_update && !self.refuses_update
    }

    /// It said that it does, and does not.
    pub(crate) fn takes_no_update(&mut self) {
        self.refuses_update = true;
    }

    pub(crate) fn forget(&mut self, wire: &mut Wire) {
        wire.timers.cancel(&mut self.refresh);
        wire.timers.cancel(&mut self.end);
    }

    /// The refreshing is tried again after this time.
    pub(crate) fn try_again(&mut self, after: Duration, timer: Timer, wire: &mut Wire) {
        wire.timers.cancel(&mut self.refresh);
        self.refresh = Some(wire.arm(after, timer));
    }

    /// How long to wait after a refresh that failed for no reason of ours.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_secs(u64::from(self.terms.map_or(0, |terms| terms.seconds / 10)).max(2))
    }

    /// We are to refresh.
    pub(crate) fn is_ours(&self) -> bool {
        self.terms.is_some_and(|terms| terms.ours)
    }

    /// The far end takes no interval as short as ours (§7.3: 422). Says whether a longer one may be asked for.
    pub(crate) fn raise(&mut self, response: &Message<'_>, session: &mut SessionTimer) -> bool {
        self.tries += 1;
        let asked = self.terms.map(|terms| terms.seconds).or(session.expires.map(seconds));
        let (Ok(Some(floor)), Some(asked)) = (response.min_se(), asked) else { return false };
        if self.tries > TRIES || floor <= asked {
            return false;
        }
        self.floor = Some(floor);
        let longer = Duration::from_secs(u64::from(floor));
        session.expires = session.expires.map(|time| time.max(longer));
        if let Some(terms) = &mut self.terms {
            terms.seconds = floor;
        }
        true
    }
}

impl Leg {
    /// What the INVITE that calls, or calls again, asks for: rows in place of those of the same names.
    pub(crate) fn wishes(&self) -> Vec<(Name, String)> {
        let mut rows = Vec::new();
        let reliable = match self.reliable {
            // RFC 3262 §4
            Reliable::Supported => ", 100rel",
            Reliable::Required => {
                rows.push((Name::Require, "100rel".to_owned()));
                ""
            }
            Reliable::Off => "",
        };
        rows.push((Name::Supported, format!("timer{reliable}")));
        if let Some(time) = self.session.expires {
            // RFC 4028 §7.1: who refreshes is left to the far end.
            rows.push((Name::SessionExpires, seconds(time).to_string()));
        }
        rows.extend(self.floor());
        rows
    }

    fn floor(&self) -> Option<(Name, String)> {
        // §7.1, §7.4: where it is not the usual one, and always after a 422.
        let least = seconds(self.session.least);
        let floor = self.expiry.floor.map_or(least, |floor| floor.max(least));
        (self.session.expires.is_some() && (floor > LEAST || self.expiry.floor.is_some()))
            .then(|| (Name::MinSe, floor.to_string()))
    }

    /// What an INVITE or UPDATE of ours inside the dialog says of the time (§7.4).
    pub(super) fn terms(&self) -> Vec<(Name, String)> {
        let mut rows = vec![(Name::Supported, "timer".to_owned())];
        if let Some(Terms { seconds, ours }) = self.expiry.terms {
            let refresher = if ours { Refresher::Uac } else { Refresher::Uas };
            rows.push((Name::SessionExpires, format!("{seconds};refresher={}", refresher.as_str())));
            rows.extend(self.floor());
        }
        rows
    }

    /// The interval that an INVITE or UPDATE asks for is shorter than is accepted (§9): how long it must be at least, in
    /// seconds. One who does not know of session timers cannot be told.
    pub(crate) fn too_short(&self, request: &Message<'_>) -> Option<u32> {
        too_short(&self.session, request)
    }

    /// Agrees to what an INVITE or UPDATE asks for, and says so in its 2xx (§9). It counts once the 2xx is sent.
    pub(super) fn agree_terms(&mut self, request: &Message<'_>, writer: &mut Writer) {
        self.expiry.note(request);
        let terms = self.terms_for(request);
        self.expiry.terms = terms.map(|(terms, _)| terms);
        let Some((Terms { seconds, .. }, refresher)) = terms else { return };
        if refresher == Refresher::Uac {
            writer.header(Name::Require, "timer");
        }
        writer.header(Name::Supported, "timer");
        writer.header(Name::SessionExpires, format_args!("{seconds};refresher={}", refresher.as_str()));
    }

    fn terms_for(&self, request: &Message<'_>) -> Option<(Terms, Refresher)> {
        let can = request.supports("timer");
        let floor = request.min_se().ok().flatten().unwrap_or(LEAST).max(seconds(self.session.least));
        let ours = self.session.expires.map(|time| seconds(time).max(floor));
        let asked = request.session_expires().ok().flatten();
        let (seconds, wanted) = match (asked, ours) {
            // §9: it may be made shorter, never longer.
            (Some(asked), ours) => (asked.seconds.max(LEAST).min(ours.unwrap_or(u32::MAX)), asked.refresher),
            (None, Some(ours)) => (ours, None),
            (None, None) => return None,
        };
        // §9, table 2
        let refresher = if can { wanted.unwrap_or(Refresher::Uac) } else { Refresher::Uas };
        Some((Terms { seconds, ours: refresher == Refresher::Uas }, refresher))
    }

    /// A 2xx to an INVITE or UPDATE of ours tells what is agreed on (§7.2); a 2xx without a word of it, that nothing is.
    pub(crate) fn terms_came(&mut self, response: &Message<'_>, wire: &mut Wire) {
        self.expiry.note(response);
        self.expiry.tries = 0;
        self.expiry.terms = response
            .session_expires()
            .ok()
            .flatten()
            .map(|agreed| Terms { seconds: agreed.seconds.max(LEAST), ours: agreed.refresher != Some(Refresher::Uas) });
        self.begin_expiry(wire);
    }

    /// The time begins anew.
    pub(super) fn begin_expiry(&mut self, wire: &mut Wire) {
        self.expiry.forget(wire);
        let Some(Terms { seconds, ours }) = self.expiry.terms else { return };
        let time = |seconds: u32| Duration::from_secs(u64::from(seconds));
        if ours {
            // §7.2: half of it is recommended.
            self.expiry.refresh = Some(wire.arm(time(seconds) / 2, Timer::Refresh(self.id)));
        }
        // §10
        self.expiry.end = Some(wire.arm(time(seconds - MARGIN.min(seconds / 3)), Timer::Expired(self.id)));
    }
}

/// No fewer than an interval may have.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(LEAST)
}

/// See [`Leg::too_short`].
pub(crate) fn too_short(session: &SessionTimer, request: &Message<'_>) -> Option<u32> {
    let least = seconds(session.least);
    let asked = request.session_expires().ok().flatten().filter(|_| request.supports("timer"))?;
    (asked.seconds < least).then_some(least)
}
