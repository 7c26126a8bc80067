//! Locating a SIP server by RFC 3263.
//!
//! | the site has | transport (§4.1) | port and address (§4.2) |
//! |---|---|---|
//! | an IP address | its own, else UDP | its own, else 5060 or 5061; no DNS |
//! | a port | its own, else UDP | A, AAAA of the host |
//! | a transport | its own | SRV `_sip._udp`, `_sip._tcp` or `_sips._tcp`; none: A, AAAA of the host |
//! | neither | NAPTR, those that we have; none: each SRV that there is; none: UDP | SRV as NAPTR says; none: A, AAAA |

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::proto::rr::rdata::NAPTR;
use sip::Transport;
use switch::Site;
use tokio::task::JoinSet;

use super::names::{Names, Records};

/// So many records of one kind count.
const RECORDS: usize = 16;
/// The transports by which we call, those that everybody has first.
const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// Where a site is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The transports in the order in which they are to be tried.
    pub(super) ways: Vec<Way>,
    /// How long that is good.
    pub(super) lasts: Duration,
    /// Everybody on the way there has answered.
    pub(super) sure: bool,
}

/// One transport of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) transport: Transport,
    pub(super) places: Vec<Place>,
}

/// One SRV record with its addresses, or the site itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) addresses: Vec<SocketAddr>,
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is none, and the DNS says so, for so long.
    Nothing(Duration),
    /// The DNS does not answer, or not to be understood.
    Silent,
}

/// Which sockets we have.
#[derive(Debug, Clone)]
pub(super) struct Means(pub(super) Vec<(Transport, SocketAddr)>);

impl Means {
    /// We have this transport.
    fn have(&self, transport: Transport) -> bool {
        TRANSPORTS.contains(&transport) && self.0.iter().any(|(kind, _)| *kind == transport)
    }

    /// We have a socket that reaches this address: of its family, and from this machine's own inside only what is there too.
    fn reach(&self, transport: Transport, ip: IpAddr) -> bool {
        let family = |local: &SocketAddr| local.is_ipv4() == ip.is_ipv4();
        let inside = |local: &SocketAddr| ip.is_loopback() || !local.ip().is_loopback();
        self.0.iter().any(|(kind, local)| *kind == transport && family(local) && inside(local))
    }

    /// We have a socket of this family.
    fn speak(&self, transport: Transport, v4: bool) -> bool {
        self.0.iter().any(|(kind, local)| *kind == transport && local.is_ipv4() == v4)
    }

    /// What is taken when nobody says: UDP (§4.1), where we have it.
    fn usual(&self) -> Option<Transport> {
        TRANSPORTS.into_iter().find(|transport| self.have(*transport))
    }
}

/// A site that is an address itself.
pub(super) fn literal(site: &Site, means: &Means) -> Option<Result<(Transport, SocketAddr), Missing>> {
    let ip: IpAddr = site.host.parse().ok()?;
    let transport = site.transport.or_else(|| means.usual());
    let reached = transport.filter(|transport| means.have(*transport) && means.reach(*transport, ip));
    let address = |transport| (transport, SocketAddr::new(ip, site.port.unwrap_or(default_port(transport))));
    Some(reached.map(address).ok_or(Missing::Nothing(Duration::ZERO)))
}

/// Looks for a site.
pub(super) async fn search(names: Arc<Names>, means: Arc<Means>, site: Site) -> Result<Found, Missing> {
    let search = Search { names, means };
    let Some(usual) = site.transport.or_else(|| search.means.usual()).filter(|known| search.means.have(*known)) else {
        return Err(Missing::Nothing(Duration::MAX));
    };
    let gathered = match (site.port, site.transport) {
        (Some(port), _) => return search.host(usual, &site.host, port).await,
        (None, Some(transport)) => search.by_srv(&site.host, &[transport]).await,
        (None, None) => search.by_naptr(&site.host).await,
    };
    if gathered.records {
        return gathered.found();
    }
    // §4.2: no SRV records.
    let found = search.host(usual, &site.host, default_port(usual)).await?;
    Ok(Found { sure: found.sure && gathered.sure, ..found })
}

/// What one search needs.
#[derive(Clone)]
struct Search {
    names: Arc<Names>,
    means: Arc<Means>,
}

/// Something that leads to addresses.
struct Lead {
    transport: Transport,
    name: String,
    /// By SRV records, else by addresses alone.
    srv: bool,
}

impl Search {
    /// §4.1, neither transport nor port is named.
    async fn by_naptr(&self, host: &str) -> Gathered {
        let (records, lasts, sure) = match self.names.naptr(host).await {
            Ok(Records { all, lasts }) => (all, lasts, true),
            Err(Missing::Nothing(_)) => (Vec::new(), Duration::MAX, true),
            // Some name servers drop what they do not know.
            Err(Missing::Silent) => (Vec::new(), Duration::MAX, false),
        };
        let mut leads: Vec<(&NAPTR, Lead)> =
            records.iter().filter_map(|record| Some((record, lead(record)?))).take(RECORDS).collect();
        if leads.is_empty() {
            let ours: Vec<Transport> = TRANSPORTS.into_iter().filter(|one| self.means.have(*one)).collect();
            let gathered = self.by_srv(host, &ours).await;
            return Gathered { sure: gathered.sure && sure, ..gathered };
        }
        // The domain says how it is reached. Where we have none of that, another transport would be a guess, and perhaps
        // one without encryption.
        leads.retain(|(_, lead)| self.means.have(lead.transport));
        leads.sort_by_key(|(record, _)| (record.order, record.preference));
        let gathered = self.follow(leads.into_iter().map(|(_, lead)| lead).collect()).await;
        Gathered { records: true, lasts: gathered.lasts.min(lasts), ..gathered }
    }

    /// §4.1, §4.2: the SRV records of these transports.
    async fn by_srv(&self, host: &str, transports: &[Transport]) -> Gathered {
        let lead = |transport: &Transport| {
            let name = format!("{}.{host}", srv_label(*transport));
            Lead { transport: *transport, name, srv: true }
        };
        self.follow(transports.iter().map(lead).collect()).await
    }

    /// Follows all leads at once.
    async fn follow(&self, leads: Vec<Lead>) -> Gathered {
        let mut tasks = JoinSet::new();
        for (at, lead) in leads.into_iter().enumerate() {
            let search = self.clone();
            tasks.spawn(async move {
                let came =
                    if lead.srv { search.srv(&lead).await } else { search.place_of(lead.transport, &lead.name).await };
                (at, lead.transport, came)
            });
        }
        let mut all = tasks.join_all().await;
        all.sort_by_key(|(at, ..)| *at);
        all.into_iter().fold(Gathered::default(), |gathered, (_, transport, came)| gathered.with(transport, came))
    }

    /// The SRV records of one name, each with its addresses.
    async fn srv(&self, lead: &Lead) -> Came {
        let records = match self.names.srv(&lead.name).await {
            Ok(records) => records,
            Err(missing) => return Came::none(missing),
        };
        let mut tasks = JoinSet::new();
        // RFC 2782: the target `.` says that there is no such thing here.
        for srv in records.all.iter().filter(|srv| !srv.target.is_root()).take(RECORDS) {
            let (search, transport) = (self.clone(), lead.transport);
            let (priority, weight, port, host) = (srv.priority, srv.weight, srv.port, srv.target.to_string());
            tasks.spawn(async move { (priority, weight, search.addresses(transport, &host, port).await) });
        }
        let mut came = Came { records: true, lasts: records.lasts, ..Came::default() };
        for (priority, weight, addresses) in tasks.join_all().await {
            came.add(priority, weight, addresses);
        }
        // The order in which tasks end is none.
        came.places.sort_by(|one, other| one.addresses.cmp(&other.addresses));
        came
    }

    async fn place_of(&self, transport: Transport, name: &str) -> Came {
        let mut came = Came { records: true, ..Came::default() };
        came.add(0, 0, self.addresses(transport, name, default_port(transport)).await);
        came
    }

    async fn host(&self, transport: Transport, host: &str, port: u16) -> Result<Found, Missing> {
        let (addresses, lasts, sure) = self.addresses(transport, host, port).await?;
        let places = vec![Place { priority: 0, weight: 0, addresses }];
        Ok(Found { ways: vec![Way { transport, places }], lasts, sure })
    }

    /// The addresses of a host, of the families that we have.
    async fn addresses(&self, transport: Transport, host: &str, port: u16) -> Result<Addresses, Missing> {
        let of = async |kind, v4| match self.means.speak(transport, v4) {
            true => self.names.addresses(host, kind).await,
            false => Err(Missing::Nothing(Duration::MAX)),
        };
        let (v4, v6) = tokio::join!(of(RecordType::A, true), of(RecordType::AAAA, false));
        let (mut all, mut lasts, mut sure, mut none) = (Vec::new(), Duration::MAX, true, Duration::MAX);
        for records in [v4, v6] {
            match records {
                Ok(records) => {
                    all.extend(records.all.into_iter().filter(|ip| self.means.reach(transport, *ip)).take(RECORDS));
                    lasts = lasts.min(records.lasts);
                }
                Err(Missing::Nothing(time)) => none = none.min(time),
                Err(Missing::Silent) => sure = false,
            }
        }
        match (all.is_empty(), sure) {
            (true, true) => Err(Missing::Nothing(none.min(lasts))),
            (true, false) => Err(Missing::Silent),
            (false, _) => Ok((all.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(), lasts, sure)),
        }
    }
}

/// Addresses, how long they last, and whether everybody has answered.
type Addresses = (Vec<SocketAddr>, Duration, bool);

/// What came of one lead.
struct Came {
    places: Vec<Place>,
    /// There were records, whether they lead to addresses or not.
    records: bool,
    lasts: Duration,
    sure: bool,
}

impl Default for Came {
    fn default() -> Self {
        Self { places: Vec::new(), records: false, lasts: Duration::MAX, sure: true }
    }
}

impl Came {
    fn none(missing: Missing) -> Self {
        match missing {
            Missing::Nothing(lasts) => Self { lasts, ..Self::default() },
            Missing::Silent => Self { sure: false, ..Self::default() },
        }
    }

    fn add(&mut self, priority: u16, weight: u16, addresses: Result<Addresses, Missing>) {
        match addresses {
            Ok((addresses, lasts, sure)) => {
                self.places.push(Place { priority, weight, addresses });
                (self.lasts, self.sure) = (self.lasts.min(lasts), self.sure && sure);
            }
            Err(Missing::Nothing(lasts)) => self.lasts = self.lasts.min(lasts),
            Err(Missing::Silent) => self.sure = false,
        }
    }
}

/// What came of all leads.
struct Gathered {
    ways: Vec<Way>,
    records: bool,
    lasts: Duration,
    /// How long it is good that there is nothing.
    none: Duration,
    sure: bool,
}

impl Default for Gathered {
    fn default() -> Self {
        Self { ways: Vec::new(), records: false, lasts: Duration::MAX, none: Duration::MAX, sure: true }
    }
}

impl Gathered {
    fn with(mut self, transport: Transport, came: Came) -> Self {
        self.records |= came.records;
        self.sure &= came.sure;
        if came.places.is_empty() {
            self.none = self.none.min(came.lasts);
        } else {
            self.lasts = self.lasts.min(came.lasts);
            self.ways.push(Way { transport, places: came.places });
        }
        self
    }

    fn found(self) -> Result<Found, Missing> {
        match (self.ways.is_empty(), self.sure) {
            (false, sure) => Ok(Found { ways: self.ways, lasts: self.lasts, sure }),
            (true, true) => Err(Missing::Nothing(self.none)),
            (true, false) => Err(Missing::Silent),
        }
    }
}

/// Where a NAPTR record leads: only those of SIP, and only by a replacement (RFC 3263 §4.1).
fn lead(record: &NAPTR) -> Option<Lead> {
    let transport = match record.services.to_ascii_uppercase().as_slice() {
        b"SIP+D2U" => Transport::Udp,
        b"SIP+D2T" => Transport::Tcp,
        b"SIPS+D2T" => Transport::Tls,
        _ => return None,
    };
    let srv = match record.flags.as_ref() {
        b"s" | b"S" => true,
        b"a" | b"A" => false,
        _ => return None,
    };
    let plain = record.regexp.is_empty() && !record.replacement.is_root();
    plain.then(|| Lead { transport, name: record.replacement.to_string(), srv })
}

/// §4.2.
fn srv_label(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tls | Transport::Wss => "_sips._tcp",
        Transport::Tcp | Transport::Ws => "_sip._tcp",
    }
}

fn default_port(transport: Transport) -> u16 {
    if transport == Transport::Tls { 5061 } else { 5060 }
}
