//! The questions to the DNS: the system's name servers, or those of the settings.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::Semaphore;

use super::search::Missing;

/// So many questions are under way at most.
const AT_ONCE: usize = 64;
/// How many names may stand for one another.
const CHAIN: usize = 4;
/// What says where the system's name servers are, and names that need none.
const SYSTEM: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// Who is asked.
#[derive(Debug)]
pub(super) struct Names {
    /// The settings' own; the system's where there are none.
    servers: Vec<SocketAddr>,
    /// For one answer.
    patience: Duration,
    resolver: Mutex<Option<(Stamp, TokioResolver)>>,
    room: Semaphore,
}

/// When the system's files were changed last.
type Stamp = [Option<SystemTime>; SYSTEM.len()];

/// Records of one kind, and how long they last.
#[derive(Debug)]
pub(super) struct Records<T> {
    pub(super) all: Vec<T>,
    pub(super) lasts: Duration,
}

impl Names {
    pub(super) fn new(servers: Vec<SocketAddr>, patience: Duration) -> Arc<Self> {
        Arc::new(Self { servers, patience, resolver: Mutex::default(), room: Semaphore::new(AT_ONCE) })
    }

    /// RFC 3263 §4.1.
    pub(super) async fn naptr(&self, name: &str) -> Result<Records<NAPTR>, Missing> {
        let take = |record: &RData| match record {
            RData::NAPTR(naptr) => Some(naptr.clone()),
            _ => None,
        };
        self.ask(name, RecordType::NAPTR, take).await
    }

    /// RFC 2782.
    pub(super) async fn srv(&self, name: &str) -> Result<Records<SRV>, Missing> {
        let take = |record: &RData| match record {
            RData::SRV(srv) => Some(srv.clone()),
            _ => None,
        };
        self.ask(name, RecordType::SRV, take).await
    }

    /// The addresses of one family.
    pub(super) async fn addresses(&self, name: &str, kind: RecordType) -> Result<Records<std::net::IpAddr>, Missing> {
        self.ask(name, kind, RData::ip_addr).await
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        take: impl Fn(&RData) -> Option<T>,
    ) -> Result<Records<T>, Missing> {
        // What is no name has no records.
        let mut name = absolute(name).ok_or(Missing::Nothing(Duration::MAX))?;
        let mut shortest = u32::MAX;
        for _ in 0..CHAIN {
            let missing = match self.lookup(&name, kind).await {
                Ok(found) => {
                    let all: Vec<T> = found.iter().filter_map(|(record, _)| take(record)).collect();
                    let lasts = found.iter().map(|(_, ttl)| *ttl).min().unwrap_or(0).min(shortest);
                    let none = Missing::Nothing(Duration::ZERO);
                    let lasts = Duration::from_secs(lasts.into());
                    return if all.is_empty() { Err(none) } else { Ok(Records { all, lasts }) };
                }
                Err(missing) => missing,
            };
            // The resolver takes the target of an SRV for another name to look for, and loses records behind a CNAME.
            let (RecordType::SRV, Missing::Nothing(_)) = (kind, missing) else { return Err(missing) };
            let aliases = self.lookup(&name, RecordType::CNAME).await;
            let alias = aliases.ok().and_then(|found| {
                found.into_iter().find_map(|(record, ttl)| match record {
                    RData::CNAME(target) => Some((target.0, ttl)),
                    _ => None,
                })
            });
            let Some((target, ttl)) = alias else { return Err(missing) };
            (name, shortest) = (target, shortest.min(ttl));
        }
        Err(Missing::Nothing(Duration::ZERO))
    }

    /// The records of an answer, with the seconds that each lasts.
    async fn lookup(&self, name: &Name, kind: RecordType) -> Result<Vec<(RData, u32)>, Missing> {
        let resolver = self.resolver().ok_or(Missing::Silent)?;
        // It is never closed.
        let _room = self.room.acquire().await.map_err(|_| Missing::Silent)?;
        match resolver.lookup(name.clone(), kind).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| (record.data.clone(), record.ttl)).collect()),
            Err(error) => Err(missing(&error)),
        }
    }

    /// The resolver; made anew when the system's files have changed, so that a network that comes up late is no reason for
    /// a restart.
    fn resolver(&self) -> Option<TokioResolver> {
        let stamp: Stamp = SYSTEM.map(|file| Path::new(file).metadata().and_then(|known| known.modified()).ok());
        let mut held = self.resolver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, resolver)) = held.as_ref().filter(|(of, _)| *of == stamp) {
            return Some(resolver.clone());
        }
        match self.build() {
            Ok(resolver) => {
                *held = Some((stamp, resolver.clone()));
                Some(resolver)
            }
            Err(error) => {
                tracing::warn!(%error, "no name server to ask: /etc/resolv.conf names none, and dns.servers is empty");
                held.as_ref().map(|(_, before)| before.clone())
            }
        }
    }

    fn build(&self) -> Result<TokioResolver, NetError> {
        let mut builder = if self.servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = self.servers.iter().map(|address| {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                server.connections.iter_mut().for_each(|connection| connection.port = address.port());
                server
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        // What is known is kept by us alone, with its time.
        options.cache_size = 0;
        options.timeout = self.patience;
        // A datagram is sent again within that time.
        options.attempts = 0;
        // The ports of media are not to be taken, not even for a moment.
        options.os_port_selection = true;
        builder.build()
    }
}

/// A name with a dot is whole. One without is of this network: the system's search list counts.
fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_utf8(name).ok()?;
    if name.num_labels() > 1 {
        name.set_fqdn(true);
    }
    Some(name)
}

fn missing(error: &NetError) -> Missing {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            // RFC 2308 §5: for how long, if the answer says so.
            Missing::Nothing(none.negative_ttl.map_or(Duration::MAX, |seconds| Duration::from_secs(seconds.into())))
        }
        _ => {
            tracing::debug!(%error, "the DNS does not answer");
            Missing::Silent
        }
    }
}
