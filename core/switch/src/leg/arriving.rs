//! What an arriving leg sends: provisional answers, the 200, a refusal.

use std::time::Duration;

use sip::transaction::ServerKey;
use sip::{Dialog, Name, Status, Writer};

use super::{ALLOW, Leg, LegState, Up, finish};
use crate::timers::Timer;
use crate::wire::Wire;

impl Leg {
    /// A provisional response with our tag, and with an early answer where there is one.
    pub(crate) fn progress(&mut self, status: Status, early: Option<Vec<u8>>, wire: &mut Wire) {
        let timer = Timer::Progress(self.id);
        let assured = self.is_assured();
        let LegState::Arriving(arriving) = &mut self.state else { return };
        if early.is_none() && arriving.progress == Some(status) {
            return;
        }
        arriving.progress = Some(status);
        if early.is_some() && !assured {
            arriving.early.clone_from(&early);
        }
        wire.timers.cancel(&mut arriving.repeat);
        // §13.3.1.1: a proxy may cancel at three minutes without a 1xx; say it every minute.
        arriving.repeat = Some(wire.arm(Duration::from_secs(60), timer));
        if assured { self.assure(status, early, wire) } else { self.send_progress(wire) }
    }

    /// Sends the last 1xx again.
    pub(crate) fn repeat_progress(&mut self, wire: &mut Wire) {
        let (timer, assured) = (Timer::Progress(self.id), self.is_assured());
        if let LegState::Arriving(arriving) = &mut self.state {
            arriving.repeat = Some(wire.arm(Duration::from_secs(60), timer));
            match arriving.progress {
                Some(status) if assured => self.assure(status, None, wire),
                _ => self.send_progress(wire),
            }
        }
    }

    fn send_progress(&mut self, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &self.state else { return };
        let Some(status) = arriving.progress else { return };
        let Some(writer) = self.reply(&arriving.invite, status, wire) else { return };
        let bytes = finish(writer, arriving.early.as_deref());
        wire.respond(arriving.key, status, bytes);
    }

    /// The early answer that the far end has seen in a 1xx.
    pub(crate) fn early_answer(&self) -> Option<&[u8]> {
        match &self.state {
            LegState::Arriving(arriving) => arriving.early.as_deref(),
            _ => None,
        }
    }

    /// Takes a new tag: the far end sees another early dialog, as if a proxy had forked (§12.1, §13.2.2.4). So a final
    /// answer may differ from an early one.
    pub(crate) fn retag(&mut self, wire: &mut Wire) {
        self.local_tag = wire.mint.tag();
    }

    /// 200 with this description, where it was not told before: the dialog stands, the 2xx is repeated until its ACK.
    pub(crate) fn accept(&mut self, body: Option<&[u8]>, expects_answer: bool, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &mut self.state else { return };
        wire.timers.cancel(&mut arriving.repeat);
        let (key, invite) = (arriving.key, std::mem::take(&mut arriving.invite));
        let Ok(request) = sip::parse(&invite, &wire.config.limits) else { return };
        let Ok(mut dialog) = Dialog::from_request(&request, self.local_tag.clone(), self.flow) else {
            return self.refuse_with(key, &invite, Status::BAD_REQUEST, None, wire);
        };
        dialog.heard_before(self.assured.heard());
        let Some(mut writer) = self.reply(&invite, Status::OK, wire) else { return };
        writer.header(Name::Allow, ALLOW);
        self.agree_terms(&request, &mut writer);
        // What waits for its turn in a 1xx is told now.
        let told = if body.is_none() { self.assured.take_description() } else { None };
        let bytes = finish(writer, body.or(told.as_deref()));
        self.state = LegState::Up(Box::new(Up {
            dialog,
            invite: Vec::new(),
            accepting: None,
            ack: None,
            reinvite: None,
            bye: None,
        }));
        self.last_status = Some(200);
        self.accept_when_heard(key, invite, bytes, expects_answer, wire);
    }

    /// A final refusal.
    pub(crate) fn refuse(&mut self, status: Status, reason: Option<&str>, wire: &mut Wire) {
        let LegState::Arriving(arriving) = &mut self.state else { return };
        wire.timers.cancel(&mut arriving.repeat);
        let (key, invite) = (arriving.key, std::mem::take(&mut arriving.invite));
        self.assured.end(wire);
        self.refuse_with(key, &invite, status, reason, wire);
    }

    pub(super) fn refuse_with(
        &mut self,
        key: ServerKey,
        invite: &[u8],
        status: Status,
        reason: Option<&str>,
        wire: &mut Wire,
    ) {
        self.last_status = Some(status.0);
        self.state = LegState::Releasing;
        let Ok(request) = sip::parse(invite, &wire.config.limits) else { return };
        let mut writer = Writer::reply(&request, status, Some(&self.local_tag), self.flow.remote);
        if let Some(reason) = reason {
            writer.reason(reason);
        }
        if status.0 == 503 {
            writer.header(Name::RetryAfter, wire.config.retry_after.as_secs());
        }
        writer.header(Name::Server, &wire.config.agent);
        wire.respond(key, status, writer.finish());
    }

    /// A dialog-forming response (§12.1.1): with Record-Route and Contact.
    pub(crate) fn reply(&self, request: &[u8], status: Status, wire: &Wire) -> Option<Writer> {
        let request = sip::parse(request, &wire.config.limits).ok()?;
        let mut writer = Writer::reply(&request, status, Some(&self.local_tag), self.flow.remote);
        writer.copy(&request, Name::RecordRoute);
        writer.header(Name::Contact, wire.contact(&self.flow, &self.contact_user));
        writer.header(Name::Server, &wire.config.agent);
        Some(writer)
    }
}
