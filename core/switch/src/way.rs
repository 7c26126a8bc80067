//! A way to a number outside, as a dial goes it: trunk after trunk, gateway after gateway, address after address, until
//! one takes the call or one says what the callee has to say.
//!
//! | what came of one address | next |
//! |---|---|
//! | nothing at all within the trunk's patience; 408, 5xx; not to be reached; credentials not taken | the next address (RFC 3263 §4.3), gateway, trunk, with an INVITE of its own |
//! | the same after the callee was rung | the end: nobody is rung twice |
//! | any other 3xx, 4xx, 6xx | the end: that is the callee's answer |

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use sip::{Status, Transport};

use crate::ask::{Hop, Outbound};
use crate::ids::GatewayId;
use crate::spending::Limit;
use crate::spending::ledger::BillId;
use crate::tables;
use crate::timers::TimerKey;
use crate::trunk::{Proof, Trunk};
use crate::wire::Purpose;

/// One way in the going.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) outbound: Arc<Outbound>,
    /// The trunks that are not tried yet.
    hops: VecDeque<Hop>,
    /// The trunk in hand.
    pub(crate) hop: Option<Hop>,
    /// Its gateways that are not tried yet.
    pub(crate) gateways: VecDeque<GatewayId>,
    /// The gateway in hand.
    pub(crate) gateway: Option<GatewayId>,
    /// Its addresses that are not tried yet.
    pub(crate) addresses: VecDeque<(Transport, SocketAddr)>,
    /// The best final status of those that were tried.
    best: Option<u16>,
    /// Why a trunk was passed over.
    limit: Option<Limit>,
    /// What is reserved for it.
    pub(crate) bill: Option<BillId>,
}

impl Way {
    pub(crate) fn new(outbound: Outbound) -> Self {
        let hops = outbound.hops.iter().cloned().collect();
        Self {
            outbound: Arc::new(outbound),
            hops,
            hop: None,
            gateways: VecDeque::new(),
            gateway: None,
            addresses: VecDeque::new(),
            best: None,
            limit: None,
            bill: None,
        }
    }

    /// The next trunk is taken in hand.
    pub(crate) fn next_hop(&mut self) -> Option<&Hop> {
        (self.gateway, self.hop) = (None, self.hops.pop_front());
        self.hop.as_ref()
    }

    pub(crate) fn note_failed(&mut self, status: u16) {
        self.best = Some(self.best.map_or(status, |best| tables::better(best, status)));
    }

    pub(crate) fn note_limit(&mut self, limit: Limit) {
        self.limit.get_or_insert(limit);
    }

    /// Why it led nowhere: what was answered counts before what was not even tried.
    pub(crate) fn end(&self) -> WayEnd {
        match (self.best, self.limit) {
            (Some(status), _) => WayEnd::Failed(status),
            (None, Some(limit)) => WayEnd::Spent(limit),
            (None, None) => WayEnd::NoRoute,
        }
    }
}

/// How a way ended that led nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayEnd {
    Failed(u16),
    Spent(Limit),
    NoRoute,
}

/// What a leg knows of the trunk that it goes over. It keeps the trunk as it was when the leg began.
#[derive(Debug)]
pub(crate) struct OnTrunk {
    pub(crate) trunk: Arc<Trunk>,
    /// `None` for a call that came from an address of the trunk that is no gateway's.
    pub(crate) gateway: Option<GatewayId>,
    /// For a leg that we call.
    pub(crate) attempt: Option<Attempt>,
    /// Our credentials there.
    pub(crate) proof: Proof,
    /// The last request inside the dialog: it may have to be proven.
    pub(crate) asked: Option<(Purpose, Vec<u8>)>,
}

/// One try to reach a number by one address.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Which way of the dial it is on.
    pub(crate) way: usize,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) hop: Hop,
    pub(crate) began: Instant,
    /// The end of the trunk's patience.
    pub(crate) patience: Option<TimerKey>,
    /// The callee was rung, or has been heard.
    pub(crate) reached: bool,
    /// When that was, or when it was answered.
    pub(crate) rang: Option<Instant>,
    /// What came of it was told.
    pub(crate) told: bool,
}

impl OnTrunk {
    /// Of a call that comes over a trunk.
    pub(crate) fn arriving(trunk: Arc<Trunk>, gateway: Option<GatewayId>) -> Self {
        Self { trunk, gateway, attempt: None, proof: Proof::default(), asked: None }
    }

    /// The gateway's name.
    pub(crate) fn gateway_name(&self) -> Option<String> {
        let named = |id: GatewayId| self.trunk.gateways.iter().find(|gateway| gateway.id == id);
        self.gateway.and_then(named).map(|gateway| gateway.name.clone())
    }
}

/// Whether another gateway may be tried after this final status (see the table above).
pub(crate) fn fails_over(status: u16) -> bool {
    matches!(Status(status), Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED | Status::REQUEST_TIMEOUT)
        || (500..=599).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_answer_of_the_callee_is_tried_elsewhere() {
        for status in [408, 500, 502, 503, 504, 580, 401, 407] {
            assert!(fails_over(status), "{status}");
        }
        for status in [300, 302, 400, 403, 404, 410, 480, 484, 486, 488, 600, 603, 604, 606] {
            assert!(!fails_over(status), "{status}");
        }
    }
}
