//! A name server on loopback: it answers what a test has told it, over UDP and TCP, and counts what it was asked. The unit
//! tests of the locator use it too.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// How it is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    /// It answers what it knows.
    #[default]
    Well,
    /// It hears, and says nothing.
    Silent,
    /// It answers with SERVFAIL.
    Failing,
    /// It answers with bytes that are no answer, under the number of the question.
    Raving,
    /// Over UDP it says that the answer is too long; over TCP it gives it.
    Brief,
    /// It answers for another name than it was asked.
    Confused,
}

/// The name server.
#[derive(Debug)]
pub(crate) struct Names {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Zone {
    /// By name in lower case, with its dot.
    records: HashMap<String, Vec<(u32, RData)>>,
    /// A rule for all others, by what each is answered.
    others: Option<Ipv4Addr>,
    mood: Mood,
    /// Of these it knows nothing and says nothing.
    dropped: Vec<RecordType>,
    asked: BTreeMap<(String, RecordType), usize>,
    over_tcp: usize,
}

impl Names {
    /// Starts one that knows nothing.
    pub(crate) fn start() -> Self {
        let (udp, tcp) = sockets();
        let address = udp.local_addr().expect("an address");
        let (zone, over) = (Arc::<Mutex<Zone>>::default(), Arc::<AtomicBool>::default());
        let datagrams = (zone.clone(), over.clone());
        let streams = (zone.clone(), over.clone());
        let threads = vec![
            std::thread::spawn(move || serve_datagrams(&udp, &datagrams.0, &datagrams.1)),
            std::thread::spawn(move || serve_streams(&tcp, &streams.0, &streams.1)),
        ];
        Self { address, zone, over, threads }
    }

    /// Where it is, as `dns.servers` has it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `name` has this address for so many seconds.
    pub(crate) fn a(&self, name: &str, ttl: u32, ip: &str) -> &Self {
        self.add(name, ttl, RData::A(A(ip.parse::<Ipv4Addr>().expect("IPv4"))))
    }

    /// The same of IPv6.
    pub(crate) fn aaaa(&self, name: &str, ttl: u32, ip: &str) -> &Self {
        self.add(name, ttl, RData::AAAA(AAAA(ip.parse::<Ipv6Addr>().expect("IPv6"))))
    }

    /// `name` stands for another.
    pub(crate) fn cname(&self, name: &str, ttl: u32, target: &str) -> &Self {
        self.add(name, ttl, RData::CNAME(CNAME(whole(target))))
    }

    /// `priority weight port target`, as a zone file has it.
    pub(crate) fn srv(&self, name: &str, ttl: u32, record: &str) -> &Self {
        let [priority, weight, port, target] = words(record);
        let number = |text: &str| text.parse::<u16>().expect("a number");
        self.add(name, ttl, RData::SRV(SRV::new(number(priority), number(weight), number(port), whole(target))))
    }

    /// `order preference flags service replacement`, without a regular expression.
    pub(crate) fn naptr(&self, name: &str, ttl: u32, record: &str) -> &Self {
        let [order, preference, flags, services, replacement] = words(record);
        let number = |text: &str| text.parse::<u16>().expect("a number");
        let text = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
        let (order, preference) = (number(order), number(preference));
        let record = NAPTR::new(order, preference, text(flags), text(services), Box::default(), whole(replacement));
        self.add(name, ttl, RData::NAPTR(record))
    }

    /// Every name that it was not told of has this address.
    pub(crate) fn all_others(&self, ip: &str) -> &Self {
        self.zone().others = Some(ip.parse().expect("IPv4"));
        self
    }

    /// It knows nothing of this name any more.
    pub(crate) fn forget(&self, name: &str) -> &Self {
        self.zone().records.remove(&key(&whole(name)));
        self
    }

    /// How it is from now on.
    pub(crate) fn is(&self, mood: Mood) -> &Self {
        self.zone().mood = mood;
        self
    }

    /// Questions of this kind it drops.
    pub(crate) fn drops(&self, kind: RecordType) -> &Self {
        self.zone().dropped.push(kind);
        self
    }

    /// How often it was asked for these records of this name.
    pub(crate) fn asked(&self, name: &str, kind: RecordType) -> usize {
        self.zone().asked.get(&(key(&whole(name)), kind)).copied().unwrap_or(0)
    }

    /// How often it was asked at all.
    pub(crate) fn asked_at_all(&self) -> usize {
        self.zone().asked.values().sum()
    }

    /// How often it was asked over TCP.
    pub(crate) fn asked_over_tcp(&self) -> usize {
        self.zone().over_tcp
    }

    fn add(&self, name: &str, ttl: u32, record: RData) -> &Self {
        self.zone().records.entry(key(&whole(name))).or_default().push((ttl, record));
        self
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().expect("nobody broke it")
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Zone {
    /// What is answered to a question; nothing where nothing is said.
    fn answer(&mut self, bytes: &[u8], over_tcp: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(bytes).ok()?;
        let query = question.queries.first()?.clone();
        *self.asked.entry((key(query.name()), query.query_type())).or_default() += 1;
        self.over_tcp += usize::from(over_tcp);
        let mut answer = Message::new(question.id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_desired = true;
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        match self.mood {
            Mood::Silent => return None,
            _ if self.dropped.contains(&query.query_type()) => return None,
            Mood::Failing => answer.metadata.response_code = ResponseCode::ServFail,
            Mood::Raving => return Some([&bytes[..2], b"this is no answer to anything at all"].concat()),
            Mood::Brief if !over_tcp => answer.metadata.truncation = true,
            Mood::Confused => {
                answer.queries.clear();
                answer.add_query(hickory_resolver::proto::op::Query::query(whole("other.example"), query.query_type()));
                answer.add_answer(Record::from_rdata(
                    whole("other.example"),
                    60,
                    RData::A(A(Ipv4Addr::new(192, 0, 2, 66))),
                ));
            }
            Mood::Well | Mood::Brief => self.look_up(query.name(), query.query_type(), &mut answer),
        }
        answer.to_vec().ok()
    }

    fn look_up(&self, name: &Name, kind: RecordType, answer: &mut Message) {
        let mut name = name.clone();
        // A chain of other names is followed, as a resolver does it.
        for _ in 0..8 {
            let Some(records) = self.records.get(&key(&name)) else { break };
            let wanted = records.iter().filter(|(_, record)| record.record_type() == kind);
            let before = answer.answers.len();
            answer.add_answers(wanted.map(|(ttl, record)| Record::from_rdata(name.clone(), *ttl, record.clone())));
            if answer.answers.len() > before {
                return;
            }
            let alias = records.iter().find_map(|(ttl, record)| match record {
                RData::CNAME(target) => Some((*ttl, target.0.clone())),
                _ => None,
            });
            let Some((ttl, target)) = alias else { break };
            answer.add_answer(Record::from_rdata(name.clone(), ttl, RData::CNAME(CNAME(target.clone()))));
            name = target;
        }
        if let (Some(ip), RecordType::A, false) = (self.others, kind, self.records.contains_key(&key(&name))) {
            answer.add_answer(Record::from_rdata(name, 60, RData::A(A(ip))));
            return;
        }
        if !self.records.contains_key(&key(&name)) && self.others.is_none() {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        // RFC 2308 §3: how long that is good.
        let soa = SOA::new(whole("ns.example"), whole("host.example"), 1, 3600, 600, 86_400, 3600);
        answer.add_authority(Record::from_rdata(whole("example"), 3600, RData::SOA(soa)));
    }
}

/// UDP and TCP of the same port.
fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("an address")) {
            udp.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
            tcp.set_nonblocking(true).expect("a listener that does not wait");
            return (udp, tcp);
        }
    }
    panic!("no port is free for UDP and TCP");
}

fn serve_datagrams(socket: &UdpSocket, zone: &Mutex<Zone>, over: &AtomicBool) {
    let mut bytes = [0; 4096];
    while !over.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
        let answer = zone.lock().expect("nobody broke it").answer(&bytes[..length], false);
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn serve_streams(listener: &TcpListener, zone: &Mutex<Zone>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((mut stream, _)) => while serve_stream(&mut stream, zone).is_ok() {},
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// One question of a stream.
fn serve_stream(stream: &mut TcpStream, zone: &Mutex<Zone>) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut bytes)?;
    let answer = zone.lock().expect("nobody broke it").answer(&bytes, true).unwrap_or_default();
    let length = u16::try_from(answer.len()).unwrap_or(0);
    stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())
}

fn whole(name: &str) -> Name {
    let mut name = Name::from_utf8(name).expect("a name");
    name.set_fqdn(true);
    name
}

fn key(name: &Name) -> String {
    name.to_lowercase().to_string()
}

fn words<const N: usize>(text: &str) -> [&str; N] {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.try_into().unwrap_or_else(|_| panic!("`{text}` has not {N} parts"))
}
