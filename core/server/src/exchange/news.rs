//! News of the switch for operators: logged, counted, and told to who watches trunks.

use std::time::SystemTime;

use admin::TrunkHappening;
use switch::{Cdr, GatewayState, Notice, Payer, Registered, TrunkView};
use tokio::sync::broadcast;

use crate::network::Names;

/// Logs and counts a notice.
pub(super) fn tell(notice: Notice, names: &Names, watchers: &broadcast::Sender<TrunkHappening>) {
    match &notice {
        Notice::Banned { source, time } => {
            metrics::counter!("strowger_bans_total").increment(1);
            tracing::warn!(%source, seconds = time.as_secs(), "too many wrong passwords: the source is ignored for a while");
            return;
        }
        Notice::Unauthorised { source } => {
            metrics::counter!("strowger_auth_failures_total").increment(1);
            tracing::debug!(%source, "wrong credentials");
            return;
        }
        Notice::Overloaded => return metrics::counter!("strowger_shed_total").increment(1),
        Notice::Malformed { source } => {
            metrics::counter!("strowger_sip_malformed_total").increment(1);
            tracing::debug!(%source, "not to be understood");
            return;
        }
        Notice::Flooded { source } => {
            metrics::counter!("strowger_floods_total").increment(1);
            tracing::warn!(%source, "it asks too often and has proven nothing: it is not answered for now");
            return;
        }
        Notice::Registration { trunk, state } => registration(names.trunk(*trunk), state),
        Notice::Gateway { trunk, gateway, state } => {
            let (trunk, gateway) = (names.trunk(*trunk).to_owned(), names.gateway(*gateway).to_owned());
            match state {
                GatewayState::Active => tracing::info!(trunk, gateway, "it lives again"),
                _ => tracing::warn!(trunk, gateway, "it does not answer: calls go by others"),
            }
            let lives = if *state == GatewayState::Active { 1.0 } else { 0.0 };
            metrics::gauge!("strowger_gateway_up", "trunk" => trunk, "gateway" => gateway).set(lives);
        }
        Notice::Attempt { trunk, gateway, status, rang_after } => {
            let trunk = names.trunk(*trunk).to_owned();
            if let Some(time) = rang_after {
                metrics::histogram!("strowger_trunk_post_dial_delay_seconds", "trunk" => trunk.clone())
                    .record(time.as_secs_f64());
            }
            let gateway = names.gateway(*gateway).to_owned();
            metrics::counter!("strowger_trunk_attempts_total", "trunk" => trunk, "gateway" => gateway, "outcome" => outcome(*status))
                .increment(1);
        }
        Notice::SpendingNear { payer, limit } => {
            metrics::counter!("strowger_spending_warnings_total", "limit" => limit.as_str()).increment(1);
            tracing::warn!(
                payer = named(*payer, names),
                limit = limit.as_str(),
                "four fifths of what may be spent today are spent"
            );
        }
        Notice::SpendingOver { payer, limit } => {
            metrics::counter!("strowger_spending_refusals_total", "limit" => limit.as_str()).increment(1);
            tracing::warn!(
                payer = named(*payer, names),
                limit = limit.as_str(),
                "what may be spent is spent: a call was refused or ended"
            );
        }
    }
    let _ = watchers.send(TrunkHappening { at: SystemTime::now(), notice });
}

fn registration(trunk: &str, state: &Registered) {
    let stands = matches!(state, Registered::Until(_));
    metrics::gauge!("strowger_trunk_registered", "trunk" => trunk.to_owned()).set(if stands { 1.0 } else { 0.0 });
    match state {
        Registered::Failed { status, why, .. } => {
            tracing::warn!(trunk, status, why, "we are not registered at this carrier; it is tried again");
        }
        _ => tracing::info!(trunk, "we are registered at this carrier"),
    }
}

/// A call outside is over: how long it was, and what it cost.
pub(super) fn charged(cdr: &Cdr, names: &Names) {
    let Some(charge) = &cdr.charge else { return };
    let trunk = names.trunk(charge.trunk).to_owned();
    let length = cdr.answered.and_then(|answered| cdr.ended.duration_since(answered).ok()).unwrap_or_default();
    metrics::histogram!("strowger_trunk_call_seconds", "trunk" => trunk.clone()).record(length.as_secs_f64());
    // In millionths: a counter has no fractions.
    let cost = u64::try_from(charge.cost.0).unwrap_or_default();
    metrics::counter!("strowger_trunk_cost_millionths_total", "trunk" => trunk).increment(cost);
}

/// How many calls there are over each trunk now.
pub(super) fn loads(views: &[TrunkView], names: &Names) {
    for view in views {
        metrics::gauge!("strowger_trunk_calls", "trunk" => names.trunk(view.id).to_owned()).set(f64::from(view.calls));
    }
}

/// What came of an attempt, in few words: a label must not have a thousand values.
fn outcome(status: Option<u16>) -> &'static str {
    match status {
        None => "given-up",
        Some(200..=299) => "answered",
        Some(486 | 600) => "busy",
        Some(404 | 484 | 604) => "no-such-number",
        Some(401 | 403 | 407 | 603) => "refused",
        Some(408) => "silent",
        Some(480 | 487) => "no-answer",
        Some(503) => "unavailable",
        Some(500..=599) => "carrier-failed",
        Some(_) => "other",
    }
}

fn named(payer: Payer, names: &Names) -> String {
    match payer {
        Payer::Tenant(tenant) => format!("tenant {}", tenant.0),
        Payer::User(user) => format!("user {}", user.0),
        Payer::Trunk(trunk) => format!("trunk {}", names.trunk(trunk)),
    }
}
