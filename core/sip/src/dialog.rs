//! Dialogs (RFC 3261 §12): one for each Call-ID, local tag and remote tag.
//!
//! | state | event | next |
//! |---|---|---|
//! | - | 1xx with a tag, or 2xx, to our INVITE; our own answer to theirs | Early, Confirmed |
//! | Early | 2xx | Confirmed: route set and target are taken anew (§13.2.2.4) |
//! | Confirmed | INVITE or its 2xx with a Contact | Confirmed, target refreshed (§12.2) |
//! | Confirmed | SUBSCRIBE with a Contact that is granted | Confirmed, target refreshed (RFC 6665 §4.4.1) |

use crate::error::Error;
use crate::message::Message;
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;
use crate::transport::Flow;
use crate::uri::Uri;
use crate::writer::Writer;

/// One dialog.
#[derive(Debug, Clone)]
pub struct Dialog {
    call_id: String,
    local_tag: String,
    remote_tag: String,
    /// Our From or To without its tag: the whole name-addr.
    local: String,
    remote: String,
    remote_target: String,
    /// Route values in the order in which they are to be sent.
    route_set: Vec<String>,
    local_seq: u32,
    remote_seq: Option<u32>,
    /// The CSeq of our last INVITE, for its ACK.
    invite_seq: u32,
    flow: Flow,
}

/// What a dialog consists of (§12): what is kept of one that has to outlive us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogState {
    /// The Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty for one that has none.
    pub remote_tag: String,
    /// Our address: a whole name-addr without its tag.
    pub local: String,
    /// The peer's.
    pub remote: String,
    /// The peer's Contact.
    pub remote_target: String,
    /// Route values in the order in which they are sent.
    pub route_set: Vec<String>,
    /// The CSeq of the peer's last request.
    pub remote_seq: Option<u32>,
}

impl Dialog {
    /// A dialog that was kept. The number of our next request is behind `local_seq`, which is to be higher than any before.
    #[must_use]
    pub fn restored(state: DialogState, local_seq: u32, flow: Flow) -> Self {
        let DialogState { call_id, local_tag, remote_tag, local, remote, remote_target, route_set, remote_seq } = state;
        Self {
            call_id,
            local_tag,
            remote_tag,
            local,
            remote,
            remote_target,
            route_set,
            local_seq,
            remote_seq,
            invite_seq: 0,
            flow,
        }
    }

    /// What it consists of.
    #[must_use]
    pub fn state(&self) -> DialogState {
        DialogState {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone(),
            local: self.local.clone(),
            remote: self.remote.clone(),
            remote_target: self.remote_target.clone(),
            route_set: self.route_set.clone(),
            remote_seq: self.remote_seq,
        }
    }

    /// The dialog of a request that we answer (§12.1.1).
    ///
    /// # Errors
    /// When the request lacks what a dialog is made of.
    pub fn from_request(request: &Message<'_>, local_tag: String, flow: Flow) -> Result<Self, Error> {
        let from = request.from()?;
        let mut dialog = Self {
            call_id: request.call_id()?.to_owned(),
            local_tag,
            // §12.1.1: a sender of RFC 2543 has no tag.
            remote_tag: from.tag().unwrap_or_default().to_owned(),
            local: without_tag(&request.value(Name::To).ok_or(Error::Missing("To"))?),
            remote: without_tag(&request.value(Name::From).ok_or(Error::Missing("From"))?),
            remote_target: String::new(),
            route_set: request
                .addresses(Name::RecordRoute)
                .map(|route| route.map(|route| route.as_str().to_owned()))
                .collect::<Result<_, _>>()?,
            local_seq: 0,
            remote_seq: Some(request.cseq()?.number),
            invite_seq: 0,
            flow,
        };
        dialog.remote_target = contact_of(request).unwrap_or_else(|| from.uri().as_str().to_owned());
        Ok(dialog)
    }

    /// The dialog that an answer to our INVITE makes (§12.1.2).
    ///
    /// # Errors
    /// When the two lack what a dialog is made of, or the answer has no tag.
    pub fn from_response(invite: &Message<'_>, response: &Message<'_>, flow: Flow) -> Result<Self, Error> {
        let to = response.to()?;
        let cseq = invite.cseq()?.number;
        let mut dialog = Self {
            call_id: invite.call_id()?.to_owned(),
            local_tag: invite.from()?.tag().ok_or(Error::Value("From"))?.to_owned(),
            remote_tag: to.tag().unwrap_or_default().to_owned(),
            local: without_tag(&invite.value(Name::From).ok_or(Error::Missing("From"))?),
            remote: without_tag(&response.value(Name::To).ok_or(Error::Missing("To"))?),
            remote_target: String::new(),
            route_set: Vec::new(),
            local_seq: cseq,
            remote_seq: None,
            invite_seq: cseq,
            flow,
        };
        // Without a Contact there is nothing better than what was called.
        dialog.remote_target =
            contact_of(response).unwrap_or_else(|| invite.uri().map_or(String::new(), |uri| uri.as_str().to_owned()));
        dialog.route_set = recorded(response)?;
        Ok(dialog)
    }

    /// The 2xx of an early dialog: route set and target are taken anew (§13.2.2.4), the counting of requests goes on.
    ///
    /// # Errors
    /// When the answer names a route that is none.
    pub fn confirm(&mut self, response: &Message<'_>) -> Result<(), Error> {
        self.route_set = recorded(response)?;
        self.refresh(response);
        Ok(())
    }

    /// Its Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our tag.
    #[must_use]
    pub fn local_tag(&self) -> &str {
        &self.local_tag
    }

    /// The peer's tag; empty for one that has none (RFC 2543).
    #[must_use]
    pub fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Where it was made.
    #[must_use]
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Our address in it: a whole name-addr without its tag.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The peer's Contact.
    #[must_use]
    pub fn remote_target(&self) -> &str {
        &self.remote_target
    }

    /// The number of our next request is behind this one (§12.2.1.1: an arbitrary start).
    pub fn count_from(&mut self, number: u32) {
        self.local_seq = self.local_seq.max(number);
    }

    /// The URI that a request goes to first: the first route's, or the target (§12.2.1.1, §8.1.2).
    #[must_use]
    pub fn next_hop(&self) -> &str {
        match self.route_set.first().and_then(|route| crate::NameAddr::parse(route, "Route").ok()) {
            Some(route) => route.uri().as_str(),
            None => &self.remote_target,
        }
    }

    /// A request inside the dialog (§12.2.1.1), with the next CSeq; headers of its own and the body are to be added.
    #[must_use]
    pub fn request(&mut self, method: Method<'_>, via: &str) -> Writer {
        let cseq = self.count(method);
        self.write(method, cseq, via)
    }

    /// The ACK for the 2xx to our last INVITE (§13.2.2.4).
    #[must_use]
    pub fn ack(&self, via: &str) -> Writer {
        self.write(Method::Ack, self.invite_seq, via)
    }

    /// What stands in the first line of a request (§12.2.1.1): the target, or a strict router in front of it.
    #[must_use]
    pub fn request_uri(&self) -> &str {
        match self.route_set.first().and_then(|route| crate::NameAddr::parse(route, "Route").ok()) {
            Some(first) if first.uri().param("lr").is_none() => first.uri().as_str(),
            _ => &self.remote_target,
        }
    }

    /// The next CSeq, for a request that is sent again inside the dialog (§22.2).
    pub fn count(&mut self, method: Method<'_>) -> u32 {
        self.local_seq += 1;
        if method == Method::Invite {
            self.invite_seq = self.local_seq;
        }
        self.local_seq
    }

    fn write(&self, method: Method<'_>, cseq: u32, via: &str) -> Writer {
        // A strict router in front: it is the Request-URI, and the target goes to the end of the route.
        let first = self.request_uri();
        let strict = !std::ptr::eq(first, self.remote_target.as_str());
        let mut writer = Writer::request(method, first);
        writer.header(Name::Via, via);
        for route in self.route_set.iter().skip(usize::from(strict)) {
            writer.header(Name::Route, route);
        }
        if strict {
            writer.header(Name::Route, format_args!("<{}>", self.remote_target));
        }
        writer.header(Name::MaxForwards, 70);
        writer.header(Name::From, format_args!("{};tag={}", self.local, self.local_tag));
        if self.remote_tag.is_empty() {
            writer.header(Name::To, &self.remote);
        } else {
            writer.header(Name::To, format_args!("{};tag={}", self.remote, self.remote_tag));
        }
        writer.header(Name::CallId, &self.call_id);
        writer.header(Name::CSeq, format_args!("{cseq} {}", method.as_str()));
        writer
    }

    /// A request of the peer inside the dialog (§12.2.2).
    ///
    /// # Errors
    /// 500 for a CSeq that is lower than the last, 400 for none.
    pub fn handle_request(&mut self, request: &Message<'_>) -> Result<(), Status> {
        let cseq = request.cseq().map_err(Error::status)?;
        if self.remote_seq.is_some_and(|last| cseq.number < last) {
            return Err(Status::SERVER_ERROR);
        }
        self.remote_seq = Some(cseq.number);
        if matches!(cseq.method, Method::Invite | Method::Update) {
            self.refresh(request);
        }
        Ok(())
    }

    /// A request of the peer's with this number was taken before the dialog was made of its INVITE: PRACK (RFC 3262 §3).
    pub fn heard_before(&mut self, number: u32) {
        self.remote_seq = self.remote_seq.max(Some(number));
    }

    /// A 2xx to a request of ours that refreshes the target (§12.2.1.2).
    pub fn handle_response(&mut self, response: &Message<'_>) {
        if response.status().is_some_and(Status::is_success) {
            self.refresh(response);
        }
    }

    /// A message that refreshes the target was taken (§12.2.2, RFC 6665 §4.4.1).
    pub fn refresh(&mut self, message: &Message<'_>) {
        if let Some(target) = contact_of(message) {
            self.remote_target = target;
        }
    }
}

/// §12.1.2: the route that a response recorded, in reverse.
fn recorded(response: &Message<'_>) -> Result<Vec<String>, Error> {
    let mut routes: Vec<String> = response
        .addresses(Name::RecordRoute)
        .map(|route| route.map(|route| route.as_str().to_owned()))
        .collect::<Result<_, _>>()?;
    routes.reverse();
    Ok(routes)
}

/// The URI of the one Contact that makes or refreshes a dialog.
fn contact_of(message: &Message<'_>) -> Option<String> {
    match message.contacts().next()?.ok()? {
        crate::Contact::Addr(address) => Some(address.uri())
            .filter(|uri: &Uri<'_>| uri.scheme() != crate::Scheme::Other)
            .map(|uri| uri.as_str().to_owned()),
        crate::Contact::Star => None,
    }
}

/// A name-addr without its `tag` parameter, in brackets, so that a tag of one's own can be put behind it.
fn without_tag(value: &str) -> String {
    let Ok(address) = crate::NameAddr::parse(value, "To") else { return value.to_owned() };
    let mut plain = String::with_capacity(value.len());
    if let Some(open) = value.find('<').filter(|_| value.contains('>')) {
        // The display name as it stands; a bracket inside quotes is not the address's.
        let start = if value.starts_with('"') {
            crate::lex::quoted_end(value).and_then(|end| Some(end + value.get(end..)?.find('<')?))
        } else {
            Some(open)
        };
        plain.push_str(value.get(..start.unwrap_or(open)).unwrap_or_default());
    }
    plain.push('<');
    plain.push_str(address.uri().as_str());
    plain.push('>');
    for (name, value) in address.params().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("tag")) {
        plain.push(';');
        plain.push_str(name);
        if let Some(value) = value {
            plain.push('=');
            plain.push_str(value);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Transport, parse};

    const INVITE: &str = "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\n\
        Record-Route: <sip:p2.example.com;lr>\r\nRecord-Route: <sip:p1.example.com;lr>\r\n\
        From: \"A <x>\" <sip:alice@atlanta.com>;tag=1928\r\nTo: sip:bob@biloxi.com\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:alice@pc33:5070>\r\n\r\n";

    fn flow() -> Flow {
        let address = "127.0.0.1:5060".parse().unwrap();
        Flow { transport: Transport::Udp, local: address, remote: address, connection: None }
    }

    fn text(writer: Writer) -> String {
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn the_callee_routes_back_as_recorded() {
        let request = parse(INVITE.as_bytes(), &Limits::default()).unwrap();
        let mut dialog = Dialog::from_request(&request, "b".into(), flow()).unwrap();
        assert_eq!(dialog.next_hop(), "sip:p2.example.com;lr");
        let bye = text(dialog.request(Method::Bye, "SIP/2.0/UDP me;branch=z9hG4bKb"));
        assert!(bye.starts_with("BYE sip:alice@pc33:5070 SIP/2.0\r\n"), "{bye}");
        assert!(bye.contains("Route: <sip:p2.example.com;lr>\r\nRoute: <sip:p1.example.com;lr>\r\n"), "{bye}");
        assert!(
            bye.contains("From: <sip:bob@biloxi.com>;tag=b\r\nTo: \"A <x>\" <sip:alice@atlanta.com>;tag=1928\r\n"),
            "{bye}"
        );
        assert!(bye.contains("CSeq: 1 BYE"), "{bye}");
    }

    #[test]
    fn the_caller_reverses_the_record_and_a_strict_router_becomes_the_request_uri() {
        let invite = parse(INVITE.as_bytes(), &Limits::default()).unwrap();
        let ok = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\nRecord-Route: <sip:p2.example.com;lr>, <sip:p1.example.com>\r\n\
            From: <sip:alice@atlanta.com>;tag=1928\r\nTo: <sip:bob@biloxi.com>;tag=77\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:bob@192.0.2.4>\r\n\r\n";
        let response = parse(ok.as_bytes(), &Limits::default()).unwrap();
        let dialog = Dialog::from_response(&invite, &response, flow()).unwrap();
        let ack = text(dialog.ack("SIP/2.0/UDP me;branch=z9hG4bKc"));
        assert!(ack.starts_with("ACK sip:p1.example.com SIP/2.0\r\n"), "{ack}");
        assert!(ack.contains("Route: <sip:p2.example.com;lr>\r\nRoute: <sip:bob@192.0.2.4>\r\n"), "{ack}");
        assert!(ack.contains("CSeq: 7 ACK"), "{ack}");
    }

    #[test]
    fn an_early_dialog_is_confirmed_with_the_route_of_its_answer_and_counts_on() {
        let invite = parse(INVITE.as_bytes(), &Limits::default()).unwrap();
        let said = |line: &str, route: &str, contact: &str| {
            format!(
                "SIP/2.0 {line}\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bKa\r\nRecord-Route: <sip:{route};lr>\r\n\
                From: <sip:alice@atlanta.com>;tag=1928\r\nTo: <sip:bob@biloxi.com>;tag=77\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:bob@{contact}>\r\n\r\n"
            )
        };
        let (progress, ok) = (said("183 Progress", "p1", "192.0.2.4"), said("200 OK", "p2", "192.0.2.5"));
        let mut dialog =
            Dialog::from_response(&invite, &parse(progress.as_bytes(), &Limits::default()).unwrap(), flow()).unwrap();
        let prack = text(dialog.request(Method::Prack, "x"));
        assert!(prack.starts_with("PRACK sip:bob@192.0.2.4 ") && prack.contains("Route: <sip:p1;lr>"), "{prack}");
        assert!(prack.contains("CSeq: 8 PRACK"), "{prack}");
        dialog.confirm(&parse(ok.as_bytes(), &Limits::default()).unwrap()).unwrap();
        let ack = text(dialog.ack("x"));
        assert!(ack.starts_with("ACK sip:bob@192.0.2.5 ") && ack.contains("Route: <sip:p2;lr>"), "{ack}");
        assert!(ack.contains("CSeq: 7 ACK"), "{ack}");
        assert!(text(dialog.request(Method::Bye, "x")).contains("CSeq: 9 BYE"));
    }

    #[test]
    fn a_dialog_that_was_kept_goes_on_where_it_was_and_counts_from_where_it_is_told() {
        let request = parse(INVITE.as_bytes(), &Limits::default()).unwrap();
        let dialog = Dialog::from_request(&request, "b".into(), flow()).unwrap();
        let mut again = Dialog::restored(dialog.state(), 41, flow());
        assert_eq!(again.state(), dialog.state());
        let bye = text(again.request(Method::Bye, "x"));
        assert!(bye.starts_with("BYE sip:alice@pc33:5070 ") && bye.contains("CSeq: 42 BYE"), "{bye}");
        assert!(bye.contains("Route: <sip:p2.example.com;lr>\r\nRoute: <sip:p1.example.com;lr>\r\n"), "{bye}");
        again.count_from(7);
        assert!(text(again.request(Method::Bye, "x")).contains("CSeq: 43 BYE"), "never backwards");
    }

    #[test]
    fn a_lower_cseq_is_refused_and_a_contact_moves_the_target() {
        let request = parse(INVITE.as_bytes(), &Limits::default()).unwrap();
        let mut dialog = Dialog::from_request(&request, "b".into(), flow()).unwrap();
        let old = INVITE.replace("CSeq: 7", "CSeq: 6");
        assert_eq!(
            dialog.handle_request(&parse(old.as_bytes(), &Limits::default()).unwrap()),
            Err(Status::SERVER_ERROR)
        );
        let moved = INVITE.replace("CSeq: 7", "CSeq: 8").replace("pc33:5070", "192.0.2.9");
        assert_eq!(dialog.handle_request(&parse(moved.as_bytes(), &Limits::default()).unwrap()), Ok(()));
        assert!(text(dialog.request(Method::Bye, "x")).starts_with("BYE sip:alice@192.0.2.9 "));
    }
}
