//! How one number becomes another: SIP status, Q.850 cause, outcome. Tables, nothing else.

use sip::Status;

use crate::event::{Cause, DialOutcome};
use crate::record::Disposition;
use crate::spending::Limit;

/// The cause of a final SIP status (RFC 3398 §8.2.6.1).
pub(crate) fn cause_of_status(status: u16) -> Cause {
    Cause(match status {
        200..=299 => 16,
        401 | 402 | 403 | 407 | 603 => 21,
        404 | 485 | 604 => 1,
        405 => 63,
        406 | 415 | 420 | 421 | 423 | 488 | 606 => 79,
        408 | 504 => 102,
        410 => 22,
        413 | 414 | 416 | 505 | 513 => 127,
        480 => 18,
        481 | 500 | 503 => 41,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        487 => 16,
        501 => 79,
        502 => 38,
        _ => 31,
    })
}

/// The SIP status for a cause, when a call that was never answered is ended by it (RFC 3398 §7.2.4.1).
pub(crate) fn status_of_cause(cause: Cause) -> Status {
    Status(match cause.0 {
        1..=3 => 404,
        17 => 486,
        18 => 408,
        19 | 20 | 16 | 31 => 480,
        21 => 603,
        22 => 410,
        27 => 502,
        28 => 484,
        57 | 87 => 403,
        65 | 79 | 88 => 488,
        38 | 41 | 42 | 47 => 503,
        102 => 504,
        _ => 480,
    })
}

/// What a phone is told when the dial that served it came out so.
pub(crate) fn status_of_outcome(outcome: &DialOutcome) -> Status {
    Status(match outcome {
        DialOutcome::Answered { .. } => 200,
        DialOutcome::Busy => 486,
        // 480, not 408: phones show 408 as a fault of the network.
        DialOutcome::NoAnswer | DialOutcome::Unregistered => 480,
        DialOutcome::Declined => 603,
        DialOutcome::Unknown => 404,
        DialOutcome::Forbidden => 403,
        // No channel is free now: later there may be (RFC 3398 §7.2.4.1, cause 34).
        DialOutcome::Spent(Limit::Concurrent | Limit::PerSecond) => 503,
        DialOutcome::Spent(_) => 403,
        DialOutcome::Failed { status } => shown(*status),
    })
}

/// Why a call ended whose dial came out so: finer than its status, for phones are told 480 for more than one reason.
pub(crate) fn cause_of_outcome(outcome: &DialOutcome) -> Cause {
    match outcome {
        DialOutcome::Answered { .. } => Cause::NORMAL,
        DialOutcome::Busy => Cause::BUSY,
        DialOutcome::NoAnswer => Cause::NO_ANSWER,
        DialOutcome::Declined => Cause::REJECTED,
        DialOutcome::Unregistered => Cause::ABSENT,
        DialOutcome::Unknown => Cause::UNALLOCATED,
        DialOutcome::Forbidden => Cause::FORBIDDEN,
        DialOutcome::Spent(Limit::Concurrent | Limit::PerSecond) => Cause::NO_CIRCUIT,
        DialOutcome::Spent(_) => Cause::FORBIDDEN,
        DialOutcome::Failed { .. } => cause_of_status(status_of_outcome(outcome).0),
    }
}

/// A status of leg B as leg A may see it: what concerns only leg B's own transaction is translated.
fn shown(status: u16) -> u16 {
    match status {
        // No redirection is followed: who would pay for the new call?
        300..=399 => 480,
        // Leg B's realm is not leg A's (RFC 3261 §22.3): its challenge must not be seen.
        401 | 407 => 502,
        // Faults of the request that we wrote ourselves.
        400 | 402 | 405 | 406 | 412..=417 | 420 | 421 | 422 | 423 | 481 | 482 | 487 | 491 | 493 | 494 => 500,
        // A phone that did not answer its signalling at all.
        408 => 480,
        400..=699 => status,
        _ => 500,
    }
}

/// How a dial came out whose best final status is this (RFC 3261 §21).
pub(crate) fn outcome_of_status(status: u16, rang: bool) -> DialOutcome {
    match status {
        486 | 600 => DialOutcome::Busy,
        403 | 603 => DialOutcome::Declined,
        404 | 604 => DialOutcome::Unknown,
        408 | 480 | 487 if rang => DialOutcome::NoAnswer,
        480 => DialOutcome::Unregistered,
        status => DialOutcome::Failed { status },
    }
}

/// The better of two final statuses of a fork (RFC 3261 §16.7 step 6): 6xx first, then the lower class; in a class, the
/// one that tells the caller more.
pub(crate) fn better(a: u16, b: u16) -> u16 {
    fn rank(status: u16) -> (u16, u16) {
        let class = if status >= 600 { 0 } else { status / 100 };
        let within = match status {
            486 => 0,
            480 => 1,
            408 | 487 => 3,
            503 => 4,
            _ => 2,
        };
        (class, within)
    }
    if rank(b) < rank(a) { b } else { a }
}

/// What a CDR says of a call that was never answered.
pub(crate) fn disposition_of_status(status: u16, rang: bool) -> Disposition {
    match status {
        200..=299 => Disposition::Answered,
        486 | 600 => Disposition::Busy,
        408 | 480 if rang => Disposition::NoAnswer,
        403 | 603 => Disposition::Rejected,
        487 => Disposition::Cancelled,
        _ => Disposition::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_a_fork_is_chosen_as_a_proxy_would() {
        assert_eq!(better(480, 486), 486);
        assert_eq!(better(486, 603), 603);
        assert_eq!(better(503, 404), 404);
        assert_eq!(better(302, 486), 302);
        assert_eq!(better(487, 480), 480);
    }

    #[test]
    fn no_challenge_and_no_redirection_crosses_to_the_caller() {
        for (status, seen) in [(401, 502), (407, 502), (302, 480), (415, 500), (488, 488), (503, 503)] {
            assert_eq!(status_of_outcome(&DialOutcome::Failed { status }), Status(seen), "for {status}");
        }
    }
}
