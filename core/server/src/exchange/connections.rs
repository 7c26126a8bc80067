//! The streams that are open, and which of them a message takes.
//!
//! | a message | takes |
//! |---|---|
//! | for a stream that is open (§18.2.2) | it |
//! | for an address to which we have made one; over TCP, or from which one was made to us | it |
//! | for an address that a peer has proven to be, and has asked to be reached at over its own (RFC 5923 §5) | it |
//! | for any other address | one that is made now, and all that come until it is open |
//!
//! Over TLS a stream that a peer has made proves nothing by its address: it is for that peer's own dialogs alone.

use std::collections::HashMap;
use std::net::SocketAddr;

use sip::{ConnectionId, Flow, Transport};
use tokio::sync::mpsc;

use super::streams::{Name, QUEUE, name_of};

/// RFC 5923 §8.2: the port of a Via that names none.
const PORT: u16 = 5061;

/// All streams.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// By their id, minted by `streams`.
    open: HashMap<ConnectionId, Open>,
    /// The newest by transport and remote address.
    peers: HashMap<Name, ConnectionId>,
    /// Streams over TLS by the address at which their peers would be called.
    aliases: HashMap<SocketAddr, ConnectionId>,
    /// What waits for a stream that is being made.
    waiting: HashMap<Name, Vec<(Flow, Vec<u8>)>>,
}

#[derive(Debug)]
struct Open {
    flow: Flow,
    out: mpsc::Sender<Vec<u8>>,
    /// The domains that the peer has proven to be.
    names: Vec<String>,
    /// The peer may still ask to be reached over this stream.
    may_ask: bool,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is on its way, or waits for a stream that is being made.
    Taken,
    /// It waits for a stream that is to be made.
    Make,
    /// It cannot be sent.
    Lost,
}

impl Connections {
    /// Sends a message. `hosts` are those that were found at an address.
    pub(super) fn send(&mut self, flow: Flow, bytes: Vec<u8>, hosts: impl FnOnce(SocketAddr) -> Vec<String>) -> Sent {
        let name = name_of(&flow);
        let known = flow.connection.filter(|id| self.open.contains_key(id)).or_else(|| self.peers.get(&name).copied());
        if let Some(open) = known.or_else(|| self.alias(&flow, hosts)).and_then(|id| self.open.get(&id)) {
            return if open.out.try_send(bytes).is_ok() { Sent::Taken } else { Sent::Lost };
        }
        let waiting = self.waiting.entry(name).or_default();
        if waiting.len() >= QUEUE {
            return Sent::Lost;
        }
        waiting.push((flow, bytes));
        if waiting.len() == 1 { Sent::Make } else { Sent::Taken }
    }

    /// The stream of a peer that has asked for it, if that peer has proven to be who is meant (RFC 5923 §9.1).
    fn alias(&self, flow: &Flow, hosts: impl FnOnce(SocketAddr) -> Vec<String>) -> Option<ConnectionId> {
        let id = *self.aliases.get(&flow.remote).filter(|_| flow.transport == Transport::Tls)?;
        let open = self.open.get(&id)?;
        hosts(flow.remote).iter().any(|host| open.names.contains(host)).then_some(id)
    }

    /// A stream is open. Gives the ways on which what has waited for it cannot be sent.
    pub(super) fn opened(
        &mut self,
        id: ConnectionId,
        flow: Flow,
        out: mpsc::Sender<Vec<u8>>,
        names: Vec<String>,
        made: bool,
    ) -> Vec<Flow> {
        let tls = flow.transport == Transport::Tls;
        if made || !tls {
            self.peers.insert(name_of(&flow), id);
        }
        let waiting = if made { self.waiting.remove(&name_of(&flow)).unwrap_or_default() } else { Vec::new() };
        let unsent = waiting.into_iter().filter_map(|(flow, bytes)| out.try_send(bytes).is_err().then_some(flow));
        let unsent = unsent.collect();
        let may_ask = tls && !made && !names.is_empty();
        self.open.insert(id, Open { flow, out, names, may_ask });
        unsent
    }

    /// A message came. The first request of a peer that has proven itself may say that it is to be reached on this stream.
    pub(super) fn heard(&mut self, flow: &Flow, bytes: &[u8]) {
        let Some(id) = flow.connection else { return };
        let Some(open) = self.open.get_mut(&id).filter(|open| open.may_ask) else { return };
        let Ok(message) = sip::parse(bytes, &sip::Limits::default()) else { return };
        let (true, Ok(via)) = (message.is_request(), message.via()) else { return };
        open.may_ask = false;
        if via.param("alias").is_some() {
            // Its own port is not its server's: that stands in its Via.
            self.aliases.insert(SocketAddr::new(flow.remote.ip(), via.sent_by_port().unwrap_or(PORT)), id);
        }
    }

    /// A stream is gone.
    pub(super) fn closed(&mut self, id: ConnectionId) {
        let Some(open) = self.open.remove(&id) else { return };
        if self.peers.get(&name_of(&open.flow)) == Some(&id) {
            self.peers.remove(&name_of(&open.flow));
        }
        if open.flow.transport == Transport::Tls {
            self.aliases.retain(|_, alias| *alias != id);
        }
    }

    /// A stream could not be made. Gives the ways of what has waited for it, each once.
    pub(super) fn unmade(&mut self, name: Name) -> Vec<Flow> {
        let mut unsent: Vec<Flow> = Vec::new();
        for (flow, _) in self.waiting.remove(&name).unwrap_or_default() {
            if !unsent.contains(&flow) {
                unsent.push(flow);
            }
        }
        unsent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARRIER: &str = "198.51.100.1:5061";
    const EPHEMERAL: &str = "198.51.100.1:40000";

    fn flow(transport: Transport, remote: &str, connection: Option<u64>) -> Flow {
        let address = |text: &str| text.parse().expect("an address");
        let (local, remote) = (address("192.0.2.1:5061"), address(remote));
        Flow { transport, local, remote, connection: connection.map(ConnectionId) }
    }

    fn carrier(_: SocketAddr) -> Vec<String> {
        vec!["carrier.example".to_owned()]
    }

    /// A stream, with what is written to it.
    fn opened(all: &mut Connections, flow: Flow, names: &[&str], made: bool) -> mpsc::Receiver<Vec<u8>> {
        let (out, written) = mpsc::channel(QUEUE);
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        assert!(all.opened(flow.connection.expect("an id"), flow, out, names, made).is_empty());
        written
    }

    fn options(alias: &str) -> Vec<u8> {
        format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TLS edge.example;branch=z9hG4bK1{alias}\r\n\r\n").into_bytes()
    }

    #[test]
    fn while_a_stream_is_being_made_all_messages_wait_for_the_one() {
        let mut all = Connections::default();
        let way = flow(Transport::Tls, CARRIER, None);
        assert_eq!(all.send(way, b"1".to_vec(), carrier), Sent::Make);
        assert_eq!(all.send(way, b"2".to_vec(), carrier), Sent::Taken);
        let mut written = opened(&mut all, flow(Transport::Tls, CARRIER, Some(7)), &["carrier.example"], true);
        assert_eq!(all.send(way, b"3".to_vec(), carrier), Sent::Taken);
        for wanted in [b"1", b"2", b"3"] {
            assert_eq!(written.try_recv().as_deref(), Ok(&wanted[..]));
        }
        all.closed(ConnectionId(7));
        assert_eq!(all.send(way, b"4".to_vec(), carrier), Sent::Make);
    }

    #[test]
    fn where_none_can_be_made_each_who_waits_is_told_and_there_is_a_limit_to_them() {
        let mut all = Connections::default();
        let way = flow(Transport::Tcp, CARRIER, None);
        let other = Flow { local: "192.0.2.9:5060".parse().expect("an address"), ..way };
        assert_eq!(all.send(way, Vec::new(), carrier), Sent::Make);
        assert_eq!(all.send(other, Vec::new(), carrier), Sent::Taken);
        for _ in 2..QUEUE {
            assert_eq!(all.send(way, Vec::new(), carrier), Sent::Taken);
        }
        assert_eq!(all.send(way, Vec::new(), carrier), Sent::Lost);
        assert_eq!(all.unmade(name_of(&way)), [way, other]);
        assert_eq!(all.send(way, Vec::new(), carrier), Sent::Make);
    }

    #[test]
    fn a_stream_that_a_stranger_has_made_from_the_carriers_port_is_not_the_carriers() {
        let mut all = Connections::default();
        let _kept = opened(&mut all, flow(Transport::Tls, CARRIER, Some(1)), &[], false);
        assert_eq!(all.send(flow(Transport::Tls, CARRIER, None), Vec::new(), carrier), Sent::Make);
        // What belongs to its own dialogs goes there.
        assert_eq!(all.send(flow(Transport::Tls, CARRIER, Some(1)), Vec::new(), carrier), Sent::Taken);
    }

    #[test]
    fn a_peer_that_proves_itself_and_asks_for_it_is_called_over_its_own_stream() {
        let way = flow(Transport::Tls, CARRIER, None);
        for (names, alias, wanted) in [
            (&["carrier.example"][..], ";alias", Sent::Taken),
            (&["carrier.example"], "", Sent::Make),
            (&["other.example"], ";alias", Sent::Make),
            (&[], ";alias", Sent::Make),
        ] {
            let mut all = Connections::default();
            let theirs = flow(Transport::Tls, EPHEMERAL, Some(1));
            let _kept = opened(&mut all, theirs, names, false);
            all.heard(&theirs, &options(alias));
            assert_eq!(all.send(way, Vec::new(), carrier), wanted, "{names:?} {alias}");
            all.closed(ConnectionId(1));
            assert!(all.aliases.is_empty() && all.open.is_empty() && all.peers.is_empty());
        }
    }
}
