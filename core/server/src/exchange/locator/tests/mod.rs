//! The locator against a name server on loopback. The time is the test's; only the answers come from outside.

mod finding;
#[path = "../../../../tests/peers/names.rs"]
#[allow(dead_code, reason = "the tests of the binary have it too")]
mod names;
mod remembering;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::Transport;
use slotmap::SlotMap;
use switch::{Answer, Site, Ticket, Unlocated};
use tokio::runtime::Runtime;

use self::names::Names as Server;
use super::names::Names;
use super::*;
use crate::exchange::Outbox;

/// A name server says nothing for so long, and is given up.
const PATIENCE: Duration = Duration::from_millis(150);

type Located = Result<Vec<(Transport, SocketAddr)>, Unlocated>;

/// A locator with whom it asks.
struct Desk {
    server: Server,
    locator: Locator,
    outbox: Outbox,
    now: Instant,
    tickets: SlotMap<Ticket, ()>,
    _runtime: Runtime,
}

impl Desk {
    /// With sockets of all transports, and of both families to the world.
    fn new() -> Self {
        Self::with(&["udp 192.0.2.1", "tcp 192.0.2.1", "tls 192.0.2.1", "udp 2001:db8::1", "tcp 2001:db8::1"])
    }

    fn with(sockets: &[&str]) -> Self {
        let server = Server::start();
        let runtime = crate::run::runtime().expect("a runtime");
        let (inbox, outbox) = Inbox::new().expect("an inbox");
        let local = |text: &&str| {
            let (transport, ip) = text.split_once(' ').expect("two words");
            let transport = Transport::parse(transport).expect("a transport");
            (transport, SocketAddr::new(ip.parse().expect("an address"), 5060))
        };
        let locals = sockets.iter().map(local).collect();
        let servers = vec![server.address()];
        let mut locator = Locator::new(servers.clone(), locals, [3; 32], inbox, runtime.handle().clone());
        locator.names = Names::new(servers, PATIENCE);
        Self { server, locator, outbox, now: Instant::now(), tickets: SlotMap::with_key(), _runtime: runtime }
    }

    /// Time goes by.
    fn passes(&mut self, time: Duration) {
        self.now += time;
    }

    /// What is answered from memory.
    fn asks(&mut self, site: &Site) -> (Ticket, Option<Located>) {
        let ticket = self.tickets.insert(());
        (ticket, self.locator.locate(self.now, ticket, site.clone()).map(located))
    }

    /// What is answered, now or when the search is over.
    fn finds(&mut self, site: &Site) -> Located {
        let (ticket, answer) = self.asks(site);
        answer.unwrap_or_else(|| {
            let told = self.hears().into_iter().find(|(of, _)| *of == ticket);
            told.expect("who asked is told").1
        })
    }

    /// The same as text, the order within a way by chance.
    fn finds_text(&mut self, site: &Site) -> Vec<String> {
        let found = self.finds(site).unwrap_or_default();
        found.iter().map(|(transport, address)| format!("{} {address}", transport.as_str())).collect()
    }

    /// The end of a search.
    fn hears(&mut self) -> Vec<(Ticket, Located)> {
        let came = self.outbox.received.recv_timeout(Duration::from_secs(20)).expect("a search ends");
        let Inward::Located(site, outcome) = came else { panic!("{came:?}") };
        let told = self.locator.learn(self.now, &site, outcome).into_iter();
        told.map(|(ticket, answer)| (ticket, located(answer))).collect()
    }

    /// Nothing is being looked for.
    fn is_quiet(&self) -> bool {
        self.locator.memory.searches() == 0
    }
}

fn located(answer: Answer) -> Located {
    let Answer::Located(located) = answer else { panic!("{answer:?}") };
    located
}

/// A site as a URI has it: `host`, `host:port`, `host;transport`.
fn site(text: &str) -> Site {
    let (rest, transport) = text.split_once(';').unwrap_or((text, ""));
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        _ => (rest, None),
    };
    Site { host: host.to_owned(), port, transport: Transport::parse(transport) }
}
