//! Two of us talk to one another on loopback, each with certificates of a test's authority.

#[path = "../../../tests/peers/papers.rs"]
#[allow(dead_code, reason = "the tests of the binary have it too")]
mod papers;

use std::fs;
use std::net::SocketAddr;

use rcgen::ExtendedKeyUsagePurpose as Use;
use sip::{ConnectionId, Transport};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use self::papers::{Authority, Papers, Words};
use super::{Config, Tls};
use crate::exchange::inbox::{Inbox, Inward, Outbox};
use crate::exchange::streams::{Limits, Streams};

/// One end: its files, its streams, and what they say.
struct End {
    folder: TempDir,
    streams: std::sync::Arc<Streams>,
    outbox: Outbox,
}

/// A stream that is open.
struct Line {
    id: ConnectionId,
    domains: Vec<String>,
    out: Sender<Vec<u8>>,
}

impl End {
    /// With these papers; it believes this authority.
    fn new(papers: &Papers, believes: &Authority, tune: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::with_prefix("strowger-tls-").expect("a folder");
        let (certificate, key) = papers.write(folder.path(), "own");
        let authorities = folder.path().join("authorities.pem");
        fs::write(&authorities, believes.pem()).expect("written");
        let mut config =
            Config { certificate, key, authorities: Some(authorities), ask_clients: true, wildcards: false };
        tune(&mut config);
        let (inbox, outbox) = Inbox::new().expect("an inbox");
        let tls = Tls::open(config).expect("files that can be used");
        let second = std::time::Duration::from_secs(20);
        let limits =
            Limits { connections: 64, per_source: 64, idle: second, message: second, sip: sip::Limits::default() };
        Self { folder, streams: Streams::new(inbox, limits, Some(tls)), outbox }
    }

    fn plain(papers: &Papers, believes: &Authority) -> Self {
        Self::new(papers, believes, |_| {})
    }

    /// Listens, on a port of its own.
    async fn listens(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(self.streams.clone().accept(listener, Transport::Tls));
        address
    }

    /// Connects to somebody who is to be one of these.
    async fn calls(&mut self, to: SocketAddr, hosts: &[&str]) -> Option<Line> {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        tokio::spawn(self.streams.clone().connect((Transport::Tls, to), hosts));
        self.hears().await
    }

    /// A stream that opens, or the news that none could be made.
    async fn hears(&mut self) -> Option<Line> {
        loop {
            match self.outbox.try_recv() {
                Ok(Inward::Opened { connection, out, names, .. }) => {
                    return Some(Line { id: connection, domains: names, out });
                }
                Ok(Inward::Unmade(_)) => return None,
                Ok(_) => {}
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// The next whole message.
    async fn reads(&mut self) -> (ConnectionId, Vec<u8>) {
        loop {
            match self.outbox.try_recv() {
                Ok(Inward::Frame { flow, bytes, .. }) => return (flow.connection.expect("an id"), bytes),
                Ok(_) => {}
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn replace(&self, papers: &Papers) {
        papers.write(self.folder.path(), "own");
    }
}

fn run(story: impl Future<Output = ()>) {
    let runtime = crate::run::runtime().expect("a runtime");
    runtime.block_on(async {
        assert!(Handle::try_current().is_ok());
        tokio::time::timeout(std::time::Duration::from_secs(60), story).await.expect("it ends");
    });
}

/// Whether a server with this certificate is taken for one of these hosts.
async fn is_believed(authority: &Authority, server: &Papers, hosts: &[&str]) -> bool {
    let theirs = End::plain(server, authority);
    let mut ours = End::plain(&authority.signs(&["us.example"]), authority);
    let address = theirs.listens().await;
    ours.calls(address, hosts).await.is_some()
}

#[test]
fn a_server_is_believed_that_an_authority_of_ours_has_signed_for_whom_we_mean() {
    run(async {
        let authority = Authority::new();
        let signs = |names: &[&str]| authority.signs(names);
        assert!(is_believed(&authority, &signs(&["carrier.example"]), &["carrier.example"]).await);
        assert!(is_believed(&authority, &signs(&["CARRIER.example"]), &["other.example", "carrier.example"]).await);
        assert!(is_believed(&authority, &signs(&["sip:carrier.example"]), &["carrier.example"]).await);
        let both = signs(&["web.example", "sip:carrier.example"]);
        assert!(is_believed(&authority, &both, &["carrier.example"]).await);
        assert!(!is_believed(&authority, &both, &["web.example"]).await, "the DNS name counts only without a SIP URI");
        // Called by its address alone.
        assert!(is_believed(&authority, &signs(&["127.0.0.1"]), &[]).await);
        assert!(!is_believed(&authority, &signs(&["127.0.0.2"]), &[]).await);
        assert!(!is_believed(&authority, &signs(&["carrier.example"]), &[]).await);
    });
}

#[test]
fn a_server_is_not_believed_that_is_another_or_too_old_or_unknown() {
    run(async {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let host = &["carrier.example"][..];
        let signs = |words: Words| authority.signs_words(&words);
        for (what, papers) in [
            ("another", authority.signs(&["sip.carrier.example", "example"])),
            ("a wildcard", authority.signs(&["*.example"])),
            ("a user", authority.signs(&["sip:pbx@carrier.example"])),
            ("nobody", authority.signs(&[])),
            ("expired", signs(Words::of(host).expired())),
            ("not yet valid", signs(Words::of(host).of_the_future())),
            ("for clients alone", signs(Words::of(host).for_use(Use::ClientAuth))),
            ("for mail", signs(Words::of(host).for_use(Use::EmailProtection))),
            ("signed by a stranger", stranger.signs(host)),
            ("signed by itself", Words::of(host).signed_by_itself()),
        ] {
            assert!(!is_believed(&authority, &papers, host).await, "{what}");
        }
        // RFC 5924 §4.
        let sip_domain = Use::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 20]);
        assert!(is_believed(&authority, &signs(Words::of(host).for_use(sip_domain)), host).await);
        assert!(is_believed(&authority, &signs(Words::of(host).for_use(Use::ServerAuth)), host).await);
    });
}

#[test]
fn wildcards_count_where_an_operator_wants_it() {
    run(async {
        let authority = Authority::new();
        let theirs = End::plain(&authority.signs(&["*.carrier.example"]), &authority);
        let mut ours = End::new(&authority.signs(&["us.example"]), &authority, |config| config.wildcards = true);
        let address = theirs.listens().await;
        assert!(ours.calls(address, &["sip.carrier.example"]).await.is_some());
        assert!(ours.calls(address, &["a.sip.carrier.example"]).await.is_none());
    });
}

#[test]
fn what_a_clients_certificate_names_is_vouched_for_if_an_authority_of_ours_has_signed_it() {
    run(async {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let host = &["pbx.example"][..];
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let words = Words::of(&["carrier.example", "*.carrier.example"]).for_use(Use::ServerAuth);
        for (what, papers, proven) in [
            ("a domain", authority.signs_words(&words), named(&["carrier.example"])),
            ("a SIP domain", authority.signs(&["sip:carrier.example", "www.example"]), named(&["carrier.example"])),
            ("a stranger's", stranger.signs(&["carrier.example"]), Vec::new()),
            ("signed by itself", Words::of(&["carrier.example"]).signed_by_itself(), Vec::new()),
            ("expired", authority.signs_words(&Words::of(&["carrier.example"]).expired()), Vec::new()),
        ] {
            let mut theirs = End::plain(&authority.signs(host), &authority);
            let mut ours = End::plain(&papers, &authority);
            let line = ours.calls(theirs.listens().await, host).await.expect("it is served whoever it is");
            assert_eq!(line.domains, host, "the server has proven itself too");
            assert_eq!(theirs.hears().await.expect("a stream").domains, proven, "{what}");
        }
        // Nobody is asked where that is off.
        let mut theirs = End::new(&authority.signs(host), &authority, |config| config.ask_clients = false);
        let mut ours = End::plain(&authority.signs(&["carrier.example"]), &authority);
        let _line = ours.calls(theirs.listens().await, host).await.expect("a stream");
        assert_eq!(theirs.hears().await.expect("a stream").domains, Vec::<String>::new());
    });
}

#[test]
fn messages_come_whole_over_tls_both_ways() {
    run(async {
        let authority = Authority::new();
        let papers = authority.signs(&["pbx.example"]);
        let (mut theirs, mut ours) = (End::plain(&papers, &authority), End::plain(&papers, &authority));
        let there = ours.calls(theirs.listens().await, &["pbx.example"]).await.expect("a stream");
        let back = theirs.hears().await.expect("a stream");
        let message = |size: usize| {
            format!("OPTIONS sip:a SIP/2.0\r\nContent-Length: {size}\r\n\r\n{}", "x".repeat(size)).into_bytes()
        };
        for size in [0, 1, 40_000] {
            there.out.send(message(size)).await.expect("sent");
            assert_eq!(theirs.reads().await, (back.id, message(size)));
            back.out.send(message(size)).await.expect("sent");
            assert_eq!(ours.reads().await, (there.id, message(size)));
        }
    });
}

#[test]
fn a_renewed_certificate_counts_for_new_connections_and_a_broken_one_for_none() {
    run(async {
        let authority = Authority::new();
        let mut theirs = End::plain(&authority.signs(&["old.example"]), &authority);
        let mut ours = End::plain(&authority.signs(&["us.example"]), &authority);
        let address = theirs.listens().await;
        let old = ours.calls(address, &["old.example"]).await.expect("a stream");
        let back = theirs.hears().await.expect("a stream");
        let new = authority.signs(&["new.example"]);
        // The certificate alone has changed: it has no key yet.
        fs::write(theirs.folder.path().join("own.pem"), &new.certificate).expect("written");
        assert!(ours.calls(address, &["new.example"]).await.is_none());
        assert!(ours.calls(address, &["old.example"]).await.is_some());
        theirs.replace(&new);
        assert!(ours.calls(address, &["new.example"]).await.is_some());
        assert!(ours.calls(address, &["old.example"]).await.is_none());
        // What cannot be used changes nothing.
        for junk in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(theirs.folder.path().join("own.pem"), junk).expect("written");
            assert!(ours.calls(address, &["new.example"]).await.is_some(), "{junk}");
        }
        fs::remove_file(theirs.folder.path().join("own.key")).expect("removed");
        assert!(ours.calls(address, &["new.example"]).await.is_some());
        // Whom we believe changes likewise.
        fs::write(ours.folder.path().join("authorities.pem"), Authority::new().pem()).expect("written");
        assert!(ours.calls(address, &["new.example"]).await.is_none());
        // The first connection has lived through all of it.
        old.out.send(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n".to_vec()).await.expect("sent");
        assert_eq!(theirs.reads().await.0, back.id);
    });
}

#[test]
fn files_that_cannot_be_used_at_the_start_are_named_with_their_setting() {
    let folder = TempDir::with_prefix("strowger-tls-").expect("a folder");
    let authority = Authority::new();
    let (certificate, key) = authority.signs(&["pbx.example"]).write(folder.path(), "own");
    let (other, _) = authority.signs(&["pbx.example"]).write(folder.path(), "other");
    let good = Config { certificate, key, ..Config::default() };
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").expect("written");
    let missing = folder.path().join("missing.pem");
    for (config, words) in [
        (Config { certificate: missing.clone(), ..good.clone() }, ["tls.certificate", "missing.pem"]),
        (Config { certificate: empty.clone(), ..good.clone() }, ["tls.certificate", "empty.pem"]),
        (Config { certificate: other, ..good.clone() }, ["tls.key", "is not the key of"]),
        (Config { key: missing, ..good.clone() }, ["tls.key", "missing.pem"]),
        (Config { key: good.certificate.clone(), ..good.clone() }, ["tls.key", "no private key"]),
        (Config { authorities: Some(empty), ..good.clone() }, ["tls.authorities", "empty.pem"]),
    ] {
        let error = format!("{:#}", Tls::open(config).expect_err("it cannot be used"));
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
    assert!(Tls::open(good).is_ok());
}
