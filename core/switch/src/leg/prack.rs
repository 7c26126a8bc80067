//! Early dialogs of a calling leg, one for each To tag, and the PRACKs in them (RFC 3262 §4).
//!
//! | a 1xx that is to be acknowledged | what becomes of it |
//! |---|---|
//! | the first of its dialog, or the next in number | PRACK; it counts |
//! | one that came before | nothing: the PRACK is repeated by its own transaction |
//! | one before which another is missing | nothing, until that has come |
//!
//! A description in it is for good (§5): the answer to our offer, which the 2xx need not repeat. Where our INVITE had none it
//! is an offer, and the PRACK carries an answer of our own: the caller, who left the offer to the callee, cannot be asked
//! before the call is taken. What it is offered then is what was agreed here.

use media::Codec;
use sdp::Description;
use sip::{Dialog, Message, Method, Name, Uri};

use super::{Leg, LegState};
use crate::wire::{Purpose, Wire};

/// A callee that forks is heard in so many early dialogs.
const MOST: usize = 16;

/// An early dialog with a callee.
#[derive(Debug)]
pub(crate) struct EarlyDialog {
    pub(crate) dialog: Dialog,
    /// The RSeq of the last answer that counts.
    rseq: u32,
    /// The CSeq of the INVITE.
    cseq: u32,
    /// Its answer to our offer.
    pub(crate) answer: Option<Vec<u8>>,
    /// Its offer was answered in a PRACK.
    pub(crate) settled: bool,
    /// The callee does not know of it any more.
    pub(crate) lost: bool,
}

/// What becomes of a provisional answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nobody waits for a PRACK: it counts.
    Plain,
    /// It is new in this early dialog, and is to be acknowledged.
    New(usize),
    /// It is passed over.
    Old,
}

impl Leg {
    /// A 1xx other than 100 came: what is to be done about it.
    pub(crate) fn progress_came(&mut self, response: &Message<'_>, wire: &Wire) -> Progress {
        let flow = self.flow;
        let LegState::Calling(calling) = &mut self.state else { return Progress::Plain };
        let Some(sent) = calling.sent.as_ref().filter(|_| response.requires("100rel")) else { return Progress::Plain };
        let (Ok(Some(rseq)), Ok(cseq)) = (response.rseq(), response.cseq()) else { return Progress::Plain };
        let tag = response.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let known = calling.early.iter().position(|early| early.dialog.remote_tag() == tag);
        if let Some((at, early)) = known.and_then(|at| Some((at, calling.early.get_mut(at)?))) {
            // §4: one that comes again, or before its turn, is not acknowledged.
            if early.rseq.checked_add(1) != Some(rseq) {
                return Progress::Old;
            }
            early.rseq = rseq;
            return Progress::New(at);
        }
        let invite = sip::parse(&sent.invite, &wire.config.limits);
        let dialog = invite.and_then(|invite| Dialog::from_response(&invite, response, flow));
        let (Ok(dialog), true) = (dialog, calling.early.len() < MOST) else { return Progress::Old };
        let cseq = cseq.number;
        calling.early.push(EarlyDialog { dialog, rseq, cseq, answer: None, settled: false, lost: false });
        Progress::New(calling.early.len() - 1)
    }

    /// The early dialog at this place.
    pub(crate) fn early(&mut self, at: usize) -> Option<&mut EarlyDialog> {
        match &mut self.state {
            LegState::Calling(calling) => calling.early.get_mut(at),
            _ => None,
        }
    }

    /// An offer of the callee was answered in a PRACK.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(&self.state, LegState::Calling(calling) if calling.early.iter().any(|early| early.settled))
    }

    /// Acknowledges the last answer of an early dialog (§4, §7.2), with our answer where that carried an offer.
    pub(crate) fn prack(&mut self, at: usize, body: Option<&[u8]>, wire: &mut Wire) -> bool {
        let (seen, via) = (self.flow, wire.via(&self.flow));
        let LegState::Calling(calling) = &mut self.state else { return false };
        let Some(early) = calling.early.get_mut(at) else { return false };
        let mut writer = early.dialog.request(Method::Prack, &via);
        writer.header(Name::Rack, format_args!("{} {} INVITE", early.rseq, early.cseq));
        writer.header(Name::UserAgent, &wire.config.agent);
        let purpose = Purpose::Prack(at);
        if let Some(on) = self.trunk.as_deref_mut()
            && let Some((name, value)) =
                on.credentials(Method::Prack, early.dialog.request_uri(), body.unwrap_or_default(), wire)
        {
            writer.header(name, value);
        }
        let bytes = super::finish(writer, body);
        if let Some(on) = self.trunk.as_deref_mut() {
            on.asked = Some((purpose, bytes.clone()));
        }
        let flow = Uri::parse(early.dialog.next_hop()).map_or(seen, |uri| wire.toward(&uri, &seen));
        wire.request(flow, bytes, self.id, purpose).is_some()
    }

    /// The early dialog that this 2xx confirms.
    pub(crate) fn take_early(&mut self, response: &Message<'_>) -> Option<EarlyDialog> {
        let LegState::Calling(calling) = &mut self.state else { return None };
        let tag = response.to().ok().and_then(|to| to.tag())?;
        let at = calling.early.iter().position(|early| early.dialog.remote_tag() == tag)?;
        Some(calling.early.swap_remove(at))
    }

    /// The leg is up: its dialog goes on as the early one (RFC 3261 §13.2.2.4). Gives the callee's answer to our offer, and
    /// whether its offer is answered.
    pub(crate) fn go_on(&mut self, mut early: EarlyDialog, response: &Message<'_>) -> (Option<Description>, bool) {
        if let Some(up) = self.up()
            && early.dialog.confirm(response).is_ok()
        {
            up.dialog = early.dialog;
        }
        (early.answer.and_then(|answer| Description::parse(&answer).ok()), early.settled)
    }

    /// Acknowledges a 2xx, whose offer is answered by ourselves; with this codec where that can be.
    pub(crate) fn ack_with_answer(&mut self, spoken: Option<Codec>, wire: &mut Wire) -> bool {
        let Some(offer) = self.negotiation.remote_offer().cloned() else { return false };
        let Ok(ours) = self.answer_like(spoken, &offer, wire) else { return false };
        let body = ours.to_bytes();
        let taken = self.answer(ours).is_ok();
        self.ack(taken.then_some(body.as_slice()), wire);
        taken
    }
}
