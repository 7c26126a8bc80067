//! What strangers do to a TCP port and a UDP socket: each attack costs its own connection, and phones are served meanwhile.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::harness::{Exchange, Over, Plan};
use crate::sipp::register;

/// A stream to the exchange that gives up reading after so long.
fn stream(exchange: &Exchange) -> TcpStream {
    let stream = TcpStream::connect(exchange.address(Over::Tcp)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
    stream
}

/// Waits until the exchange closes it; says after how long.
fn closed(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return begun.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return begun.elapsed(),
            Err(error) => panic!("still open after {:?}: {error}", begun.elapsed()),
        }
    }
}

const OPTIONS: &str = "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa\r\nFrom: <sip:x@127.0.0.1>;tag=a\r\n\
    To: <sip:127.0.0.1>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n";

#[test]
fn who_sends_a_message_byte_by_byte_is_closed_in_time() {
    let exchange = Exchange::with(Plan { settings: &[("STROWGER__SIP__TCP_MESSAGE_SECONDS", "1")], ..Plan::default() });
    let mut slow = stream(&exchange);
    for byte in OPTIONS.as_bytes().iter().take(20) {
        slow.write_all(&[*byte]).expect("a byte");
    }
    register(&exchange, "1002", Over::Tcp);
    let time = closed(&mut slow);
    assert!(time < Duration::from_secs(4), "{time:?}");
}

#[test]
fn a_length_that_nobody_can_mean_ends_the_connection_at_once() {
    let exchange = Exchange::start();
    for length in ["999999999", "-1", "18446744073709551616"] {
        let mut liar = stream(&exchange);
        liar.write_all(format!("{OPTIONS}Content-Length: {length}\r\n\r\n").as_bytes()).expect("a message");
        let time = closed(&mut liar);
        assert!(time < Duration::from_secs(4), "{length}: {time:?}");
    }
    register(&exchange, "1002", Over::Tcp);
}

#[test]
fn one_address_holds_so_many_connections_and_no_more() {
    let settings = &[("STROWGER__SIP__TCP_CONNECTIONS_PER_SOURCE", "20")];
    let exchange = Exchange::with(Plan { settings, ..Plan::default() });
    let mut held: Vec<TcpStream> = (0..20).map(|_| stream(&exchange)).collect();
    for _ in 0..10 {
        let mut beyond = stream(&exchange);
        assert!(closed(&mut beyond) < Duration::from_secs(4));
    }
    // Those that are open are served.
    let first = held.first_mut().expect("a connection");
    first.write_all(format!("{OPTIONS}Content-Length: 0\r\n\r\n").as_bytes()).expect("a message");
    let mut answer = [0; 4096];
    let size = first.read(&mut answer).expect("an answer");
    assert!(answer[..size].starts_with(b"SIP/2.0 401"), "{}", String::from_utf8_lossy(&answer[..size]));
    // Some go, and others may come.
    held.truncate(10);
    register(&exchange, "1002", Over::Udp);
    let mut next = stream(&exchange);
    next.write_all(format!("{OPTIONS}Content-Length: 0\r\n\r\n").as_bytes()).expect("a message");
    assert!(next.read(&mut answer).expect("an answer") > 0);
}

#[test]
fn an_invite_of_a_stranger_gets_one_answer_however_long_it_waits() {
    let exchange = Exchange::start();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(2500))).expect("a timeout");
    let me = socket.local_addr().expect("an address");
    let invite = format!(
        "INVITE sip:1002@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKb\r\nFrom: <sip:x@127.0.0.1>;tag=b\r\n\
         To: <sip:1002@127.0.0.1>\r\nCall-ID: b\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{me}>\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(invite.as_bytes(), exchange.address(Over::Udp)).expect("sent");
    let mut buffer = [0; 4096];
    let mut answers = 0;
    while let Ok(size) = socket.recv(&mut buffer) {
        assert!(buffer[..size].starts_with(b"SIP/2.0 401"), "{}", String::from_utf8_lossy(&buffer[..size]));
        answers += 1;
    }
    assert_eq!(answers, 1);
    exchange.cdrs(0);
}

#[test]
fn what_is_no_sip_does_no_harm() {
    let mut exchange = Exchange::start();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let to = exchange.address(Over::Udp);
    for size in (0..1400).step_by(7) {
        socket.send_to(&vec![b'\0'; size], to).expect("sent");
        socket.send_to(&vec![0xff; size], to).expect("sent");
        socket.send_to(OPTIONS.as_bytes().get(..size.min(OPTIONS.len())).unwrap_or_default(), to).expect("sent");
    }
    register(&exchange, "1002", Over::Udp);
    assert!(exchange.runs());
}
