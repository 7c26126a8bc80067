//! Signalling over TLS: phones that register and call, what strangers do to the hand-shake, and a certificate that is renewed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::harness::{Exchange, Over, Plan, program};
use crate::papers::{Authority, Papers, Words};
use crate::phone::Phone;
use crate::sipp::{Sipp, register};
use crate::talking::{ALICE, BOB, hears_only};

const PLAN: Plan = Plan { ring_time: None, algorithms: None, dialplan: None, settings: &[], tls: true };

/// A client of the tests' own, that believes the exchange's authority.
type Client = StreamOwned<ClientConnection, TcpStream>;

/// Connects, and shows these papers where it is asked for some.
fn client(exchange: &Exchange, papers: Option<&Papers>) -> Client {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(exchange.authority().pem().as_bytes()).expect("PEM");
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("versions").with_root_certificates(roots);
    let config = match papers {
        None => builder.with_no_client_auth(),
        Some(papers) => {
            let chain = CertificateDer::pem_slice_iter(papers.certificate.as_bytes());
            let chain = chain.collect::<Result<Vec<_>, _>>().expect("PEM");
            let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(chain, key).expect("papers")
        }
    };
    let name = ServerName::try_from("pbx.example").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(exchange.address(Over::Tls)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    StreamOwned::new(connection, stream)
}

/// Somebody of the exchange, over TLS.
fn uri(exchange: &Exchange, user: &str) -> String {
    format!("sip:{user}@{};transport=tls", exchange.address(Over::Tls))
}

fn options(scheme: &str) -> String {
    format!(
        "OPTIONS {scheme}:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKa\r\nFrom: <sip:x@127.0.0.1>;tag=a\r\n\
         To: <sip:127.0.0.1>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Sends a request; the first bytes of what is answered.
fn answered(client: &mut impl ReadAndWrite, request: &str) -> String {
    client.write_all(request.as_bytes()).expect("sent");
    let mut answer = [0; 4096];
    let size = client.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..size]).into_owned()
}

trait ReadAndWrite: Read + Write {}
impl<T: Read + Write> ReadAndWrite for T {}

/// What `openssl s_client` sees of the certificate.
fn shown(exchange: &Exchange) -> String {
    let address = exchange.address(Over::Tls).to_string();
    let mut openssl = Command::new(program("openssl"));
    openssl.args(["s_client", "-connect", &address, "-verify_return_error", "-CAfile"]);
    let seen = openssl.arg(exchange.path("authority.pem")).stdin(Stdio::null()).output().expect("openssl runs");
    let text = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(text.contains("Verify return code: 0 (ok)"), "{text}{}", String::from_utf8_lossy(&seen.stderr));
    let (_, certificate) = text.split_once("-----BEGIN CERTIFICATE-----").expect("a certificate");
    certificate.split("-----END").next().expect("its end").split_whitespace().collect()
}

/// The same of a file.
fn written(papers: &Papers) -> String {
    papers.certificate.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn phones_register_and_talk_over_tls() {
    let exchange = Exchange::with(PLAN);
    let bob = Phone::start(&exchange, "1002", BOB, Over::Tls, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Tls, false);
    let bindings = exchange.bindings(2);
    assert!(bindings.iter().all(|binding| binding.transport.eq_ignore_ascii_case("tls")), "{bindings:?}");
    alice.calls(&uri(&exchange, "1002"));
    hears_only("alice", &alice.heard(3), BOB);
    hears_only("bob", &bob.heard(3), ALICE);
    alice.hangs_up();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
}

#[test]
fn a_phone_over_tls_calls_one_over_udp_and_is_called_by_it() {
    let exchange = Exchange::with(PLAN);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Tls, true);
    let mut bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    exchange.bindings(2);
    alice.calls(&uri(&exchange, "1002"));
    alice.hangs_up();
    bob.hears_of("CALL_CLOSED");
    bob.calls(&format!("sip:1001@{}", exchange.address(Over::Udp)));
    bob.hangs_up();
    let cdrs = exchange.cdrs(2);
    assert!(cdrs.iter().all(|cdr| cdr.disposition == "answered"), "{cdrs:?}");
}

#[test]
fn a_stranger_over_tls_is_challenged_as_any_other() {
    let exchange = Exchange::with(PLAN);
    for scheme in ["sip", "sips"] {
        let answer = answered(&mut client(&exchange, None), &options(scheme));
        assert!(answer.starts_with("SIP/2.0 401"), "{answer}");
    }
    // One who shows a certificate of nobody known, or one that proves something, is a stranger to users all the same.
    let settings = &[("STROWGER__TLS__VERIFY_CLIENTS", "optional")];
    let asking = Exchange::with(Plan { settings, ..PLAN });
    for authority in [&Authority::new(), asking.authority()] {
        let papers = authority.signs(&["carrier.example"]);
        let answer = answered(&mut client(&asking, Some(&papers)), &options("sips"));
        assert!(answer.starts_with("SIP/2.0 401"), "{answer}");
    }
}

/// Serves one connection: what its first request says, when it comes so far. The request is answered with 486.
fn busy(listener: &TcpListener, papers: &Papers) -> Option<String> {
    let chain = CertificateDer::pem_slice_iter(papers.certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.expect("versions").with_no_client_auth().with_single_cert(chain, key).expect("papers");
    let (stream, _) = listener.accept().expect("somebody comes");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let connection = ServerConnection::new(Arc::new(config)).expect("a server");
    let mut stream = StreamOwned::new(connection, stream);
    let mut bytes = vec![0; 16_384];
    let length = stream.read(&mut bytes).ok().filter(|length| *length > 0)?;
    let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let kept = |line: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let headers: Vec<&str> = request.lines().filter(kept).collect();
    let to = request.lines().find(|line| line.starts_with("To:")).expect("a To");
    let answer =
        format!("SIP/2.0 486 Busy Here\r\n{}\r\n{to};tag=b\r\nContent-Length: 0\r\n\r\n", headers.join("\r\n"));
    stream.write_all(answer.as_bytes()).expect("answered");
    // The ACK.
    let _ = stream.read(&mut bytes);
    Some(request)
}

#[test]
fn the_exchange_calls_over_tls_whom_it_believes_and_nobody_else() {
    let mut exchange = Exchange::with(PLAN);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let there = listener.local_addr().expect("its address");
    exchange.kill();
    exchange.remembers("1002", &format!("sips:1002@{there}"), "tls", there);
    exchange.start_again();
    let calls = |papers: &Papers, status: u16| {
        let calling = Sipp::plays(&exchange, "call_in_vain").to("1002").with("status", &status).start();
        let request = busy(&listener, papers);
        calling.succeeds();
        request
    };
    let request = calls(&exchange.authority().signs(&["127.0.0.1"]), 486).expect("it is called");
    assert!(request.starts_with(&format!("INVITE sips:1002@{there} SIP/2.0")), "{request}");
    let line = |name: &str| request.lines().find(|line| line.starts_with(name)).expect("the header").to_owned();
    let own = exchange.address(Over::Tls);
    assert!(
        line("Via:").starts_with(&format!("Via: SIP/2.0/TLS {own};")) && line("Via:").contains(";alias"),
        "{request}"
    );
    // RFC 3261 §8.1.1.8.
    assert!(line("Contact:").ends_with(&format!("@{own}>")) && line("Contact:").contains("<sips:"), "{request}");
    for (papers, why) in [
        (exchange.authority().signs(&["127.0.0.2", "pbx.example"]), "another host"),
        (exchange.authority().signs_words(&Words::of(&["127.0.0.1"]).expired()), "has expired"),
        (Authority::new().signs(&["127.0.0.1"]), "nobody whom we believe"),
        (Words::of(&["127.0.0.1"]).signed_by_itself(), "nobody whom we believe"),
    ] {
        assert_eq!(calls(&papers, 503), None, "{why}");
        let log = exchange.log_text();
        assert!(log.contains(why) || why != "another host", "the first is told at once: {log}");
    }
}

#[test]
fn who_begins_no_hand_shake_or_never_ends_one_is_closed_in_time() {
    let exchange = Exchange::with(PLAN);
    // Nothing; the beginning of a hello; no hello at all.
    let hello = [0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xfc];
    for (what, bytes, within) in
        [("silence", &b""[..], 8), ("half a hello", &hello, 8), ("SIP in clear", options("sip").as_bytes(), 4)]
    {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(exchange.address(Over::Tls)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream.write_all(bytes).expect("sent");
        let mut rest = Vec::new();
        // An alert may come first.
        let _ = stream.read_to_end(&mut rest);
        assert!(begun.elapsed() < Duration::from_secs(within), "{what}: {:?}", begun.elapsed());
    }
    register(&exchange, "1002", Over::Udp);
    assert!(answered(&mut client(&exchange, None), &options("sip")).starts_with("SIP/2.0 401"));
}

#[test]
fn limits_of_streams_are_those_of_tcp() {
    let settings = &[
        ("STROWGER__SIP__TCP_MESSAGE_SECONDS", "1"),
        ("STROWGER__SIP__TCP_CONNECTIONS_PER_SOURCE", "5"),
        ("STROWGER__SIP__TCP_IDLE_SECONDS", "2"),
    ];
    let exchange = Exchange::with(Plan { settings, ..PLAN });
    let closed = |client: &mut Client| {
        let begun = Instant::now();
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    };
    let mut slow = client(&exchange, None);
    slow.write_all(&options("sip").as_bytes()[..40]).expect("sent");
    closed(&mut slow);
    let mut liar = client(&exchange, None);
    liar.write_all(options("sip").replace("Length: 0", "Length: 999999999").as_bytes()).expect("sent");
    closed(&mut liar);
    let mut idle = client(&exchange, None);
    assert!(answered(&mut idle, &options("sip")).starts_with("SIP/2.0 401"));
    closed(&mut idle);
    // One too many is closed before its hand-shake.
    let held: Vec<TcpStream> =
        (0..5).map(|_| TcpStream::connect(exchange.address(Over::Tls)).expect("a connection")).collect();
    let mut beyond = client(&exchange, None);
    assert!(beyond.write_all(options("sip").as_bytes()).is_err());
    drop(held);
}

#[test]
fn a_certificate_is_renewed_without_a_restart_and_calls_go_on() {
    let exchange = Exchange::with(PLAN);
    let bob = Phone::start(&exchange, "1002", BOB, Over::Tls, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Tls, false);
    exchange.bindings(2);
    alice.calls(&uri(&exchange, "1002"));
    let before = shown(&exchange);
    let new = exchange.authority().signs(&["127.0.0.1", "pbx.example"]);
    let folder = exchange.path("");
    new.write(&folder, "pbx");
    assert_eq!(shown(&exchange), written(&new));
    assert_ne!(before, written(&new));
    std::fs::write(exchange.path("pbx.key"), "not a key").expect("written");
    assert_eq!(shown(&exchange), written(&new), "a broken file changes nothing");
    let log = exchange.log_text();
    assert!(log.contains("tls.key") && log.contains("those before stay in use"), "{log}");
    // The phones are on connections of before, and still there.
    alice.hangs_up();
    assert_eq!(exchange.cdr().disposition, "answered");
    drop(bob);
}
