//! A call arrives: its leg, its invitation, its offer; and the caller's CANCEL.

use std::sync::Arc;

use sdp::Description;
use sip::transaction::ServerKey;
use sip::{Flow, Message, Name, Row, Status, Uri};

use crate::ask::{Account, Admission, TenantPolicy};
use crate::call::{Call, CallState, Draft, Holder, Release, ShownAs};
use crate::command::Target;
use crate::event::{Event, Invitation, Party, Side};
use crate::hold::Hold;
use crate::ids::{CallId, GatewayId, LegId};
use crate::interlude::Interludes;
use crate::leg::{Leg, Seal, too_short};
use crate::member::Member;
use crate::sound::Sounds;
use crate::switch::{Asked, Switch};
use crate::taping::Tape;
use crate::timers::Timer;
use crate::trunk::{SessionTimer, Trunk};
use crate::way::OnTrunk;

impl Switch {
    /// An INVITE that may pass.
    pub(crate) fn arrive(
        &mut self,
        key: ServerKey,
        message: &Message<'_>,
        flow: Flow,
        admission: &Admission,
        account: Option<&Account>,
        source: Option<(Arc<Trunk>, Option<GatewayId>)>,
    ) {
        let offer = match offer_in(message) {
            Ok(offer) => offer,
            Err(status) => return self.refuse(key, message, flow, status),
        };
        let trunk_media = source.as_ref().map(|(trunk, _)| trunk.media.or(&admission.policy.media));
        let policy = account.map_or(&admission.policy.media, |account| &account.media);
        let policy = trunk_media.as_ref().unwrap_or(policy);
        let mut seal = Seal::new(policy.secrecy, self.wire.config.secrecy);
        if let Some(offer) = &offer
            && let Err(error) = seal.offer_came(offer.audio(), &mut self.wire.mint)
        {
            return self.refuse(key, message, flow, Status(error.status()));
        }
        let calls = self.tenants.get(&admission.tenant).copied().unwrap_or(0);
        if admission.policy.max_calls.is_some_and(|limit| calls >= limit) && !admission.emergency {
            return self.refuse(key, message, flow, Status::SERVICE_UNAVAILABLE);
        }
        let session = source.as_ref().map_or_else(SessionTimer::passive, |(trunk, _)| trunk.timer);
        let fax = source.as_ref().is_none_or(|(trunk, _)| trunk.fax);
        if !fax && offer.as_ref().is_some_and(|offer| offer.fax().is_some()) {
            return self.refuse(key, message, flow, Status::NOT_ACCEPTABLE_HERE);
        }
        if let Some(least) = too_short(&session, message) {
            return self.refuse_short(key, message, flow, least);
        }
        let Some(invitation) = self.invitation(message, flow, admission, account) else {
            return self.refuse(key, message, flow, Status::BAD_REQUEST);
        };
        let shown_as = shown_as(message, &invitation, account);
        let id = self.open_call(invitation, &admission.policy, shown_as);
        let Some(call) = self.calls.get(id) else { return };
        let party = call.invitation.caller.user.clone();
        let mut leg = Leg::arriving(id, key, message, flow, party, seal, &mut self.wire);
        leg.policy.clone_from(policy);
        leg.trunk = source.map(|(trunk, gateway)| Box::new(OnTrunk::arriving(trunk, gateway)));
        leg.follow_trunk();
        if let Some(offer) = offer {
            // The first offer of a dialog cannot be glare.
            let _ = leg.negotiation.handle_remote_offer(offer);
        }
        let leg = self.add_leg(leg);
        self.invites.insert(key, leg);
        if let Some(call) = self.calls.get_mut(id) {
            call.caller = leg;
            call.language.clone_from(&policy.language);
            call.legs.push(leg);
            call.draft.begun.push(leg);
            call.span.in_scope(|| tracing::info!("arrived"));
        }
        self.ask_port(leg, flow);
    }

    /// A call that nobody decides yet, without a leg.
    pub(crate) fn open_call(&mut self, invitation: Invitation, policy: &TenantPolicy, shown_as: ShownAs) -> CallId {
        let span = tracing::info_span!("call", id = %invitation.uid, tenant = invitation.tenant.0);
        *self.tenants.entry(invitation.tenant).or_default() += 1;
        let id = self.calls.insert_with_key(|id| Call {
            id,
            span,
            invitation: Arc::new(invitation),
            policy: policy.clone(),
            shown_as,
            caller: LegId::default(),
            originated: false,
            state: CallState::Deciding,
            holder: Holder::Application,
            pending: None,
            legs: Vec::new(),
            draft: Draft::default(),
            bills: Vec::new(),
            sounds: Sounds::default(),
            language: policy.media.language.clone(),
            member: Member::default(),
            tape: Tape::default(),
            hold: Hold::default(),
            interludes: Interludes::default(),
            decide: None,
            set_up: None,
            timer: None,
            counting: 0,
        });
        let set_up = self.wire.arm(self.wire.config.setup_limit, Timer::SetUp(id));
        if let Some(call) = self.calls.get_mut(id) {
            call.set_up = Some(set_up);
        }
        id
    }

    /// The caller's leg has its port: whoever decides is asked.
    pub(crate) fn ready(&mut self, leg: LegId) {
        if let Some(call) = self.legs.get(leg).map(|leg| leg.call) {
            self.await_application(call);
        }
    }

    /// Whoever decides is told of the call, and has so much time for its first word.
    pub(crate) fn await_application(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.decide = Some(self.wire.arm(self.wire.config.decision_time, Timer::Decide(call.id)));
        self.wire.event(call.id, Event::Arrived(call.invitation.clone()));
    }

    fn invitation(
        &mut self,
        message: &Message<'_>,
        flow: Flow,
        admission: &Admission,
        account: Option<&Account>,
    ) -> Option<Invitation> {
        let from = message.from().ok()?;
        let mut caller = party(from.display(), from.uri());
        if let Some(account) = account {
            // From is not identity: who proved to be a user is that user.
            caller.user.clone_from(&account.user);
        }
        if let Some(inbound) = &admission.inbound {
            // As our phones show it, and can call it back.
            caller.user.clone_from(&inbound.caller);
        }
        let mut callee = party(None, message.uri().ok()?);
        if let Some(inbound) = &admission.inbound {
            callee.user = inbound.number.to_string();
        }
        let leads_to = match &admission.inbound {
            Some(inbound) => inbound.leads_to.clone(),
            None => admission.emergency.then(|| Target::Number(callee.user.clone())),
        };
        Some(Invitation {
            uid: self.wire.mint.uid(),
            tenant: admission.tenant,
            caller,
            user: account.map(|account| account.id),
            callee,
            headers: message.rows().filter(|row| may_be_seen(row.name)).map(|row| canonical(&row)).collect(),
            source: flow.remote,
            arrived: self.wire.wall(),
            deadline: self.wire.config.decision_time,
            inbound: admission.inbound.as_ref().map(|inbound| (inbound.trunk, inbound.number.clone())),
            leads_to,
        })
    }

    /// CANCEL (§9.2): answered itself, and the INVITE that it is for gets 487.
    pub(crate) fn cancel_came(
        &mut self,
        cancel: ServerKey,
        invite: Option<ServerKey>,
        message: &Message<'_>,
        flow: Flow,
    ) {
        let Some(invite) = invite else {
            return self.refuse(cancel, message, flow, Status::NO_SUCH_CALL);
        };
        let leg = self.invites.get(&invite).copied();
        let tag = leg.and_then(|leg| self.legs.get(leg)).map(|leg| leg.local_tag.clone());
        // §9.2: the To tag of the answers to CANCEL and INVITE should be the same.
        let tag = tag.unwrap_or_else(|| self.wire.mint.tag());
        let writer = sip::Writer::reply(message, Status::OK, Some(&tag), flow.remote);
        self.wire.respond(cancel, Status::OK, writer.finish());
        match leg.and_then(|leg| self.legs.get(leg)).map(|leg| leg.call) {
            Some(call) => {
                // §9.2: no effect after a final response.
                self.release_unanswered(call, Release::with_status(487, Side::Caller));
            }
            None => self.forget_intake(invite),
        }
    }

    /// The INVITE is cancelled before anybody decided whether it may pass.
    fn forget_intake(&mut self, invite: ServerKey) {
        let asked = self.questions.iter().find_map(|(ticket, question)| match &question.asked {
            Asked::Admission(intake) if intake.key == invite => Some(ticket),
            _ => None,
        });
        let Some(mut question) = asked.and_then(|ticket| self.questions.remove(ticket)) else { return };
        self.wire.timers.cancel(&mut question.timer);
        if let Asked::Admission(intake) = question.asked {
            self.refuse_intake(&intake, Status::REQUEST_TERMINATED);
        }
    }
}

/// The offer or answer that a message carries; `None` when it has no body.
pub(crate) fn offer_in(message: &Message<'_>) -> Result<Option<Description>, Status> {
    if message.body().is_empty() {
        return Ok(None);
    }
    let kind = message.content_type().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/sdp")
        || message.value(Name::ContentEncoding).is_some_and(|value| value != "identity")
    {
        // §8.2.3
        return Err(Status::UNSUPPORTED_MEDIA_TYPE);
    }
    Description::parse(message.body()).map(Some).map_err(|error| Status(error.status()))
}

fn party(name: Option<std::borrow::Cow<'_, str>>, uri: Uri<'_>) -> Party {
    Party {
        name: name.map(|name| clean(&name)).filter(|name| !name.is_empty()),
        user: clean(&uri.user_unescaped().unwrap_or_default()),
        uri: clean(uri.as_str()),
    }
}

/// What the callee sees of the caller: for a user of ours what we keep of it, for a peer what it says.
fn shown_as(message: &Message<'_>, invitation: &Invitation, account: Option<&Account>) -> ShownAs {
    let name = account.and_then(|account| account.display_name.clone()).or_else(|| invitation.caller.name.clone());
    let number =
        account.and_then(|account| account.extension.clone()).unwrap_or_else(|| invitation.caller.user.clone());
    let privacy = message
        .value(Name::Privacy)
        .map(std::borrow::Cow::into_owned)
        .filter(|value| !value.eq_ignore_ascii_case("none"));
    // §16.6 step 3: 70 when the request has none.
    let max_forwards = message.max_forwards().ok().flatten().map_or(70, |left| left.saturating_sub(1));
    ShownAs { name, number, privacy, max_forwards }
}

/// Credentials are nobody's but the exchange's.
fn may_be_seen(name: Name) -> bool {
    !matches!(name, Name::Authorization | Name::ProxyAuthorization)
}

fn canonical(row: &Row<'_>) -> (String, String) {
    let name = if row.name == Name::Other { row.name_text } else { row.name.as_str() };
    (clean(name), clean(&row.value()))
}

/// Without control characters: what a guest sees can be logged and shown.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
