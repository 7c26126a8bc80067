//! Voice: many calls at once, each with a packet every 20 ms both ways. One thread sends, and reads without waiting.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::exchange::{CALLEE, CALLER, EXTENSION, Exchange};
use super::machine::{Spent, Window};
use super::phones::Phones;
use crate::tool::{Outcome, Told, fail};

/// How many sockets each side shares its calls out to, so that none overflows between two readings.
const SOCKETS: usize = 16;
/// RTP's header.
const HEADER: usize = 12;
/// 20 ms of PCMU.
pub(super) const PAYLOAD: usize = 160;
pub(super) const FRAME: u32 = 20;
const SETTLING: Duration = Duration::from_secs(2);

/// What one end of a call speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Pcmu,
    G722,
    Opus,
}

/// One end of a call.
pub(super) struct End {
    /// The number of the socket that it sends by.
    pub(super) socket: usize,
    /// Where the exchange wants its packets.
    pub(super) to: SocketAddr,
    sequence: u16,
}

/// One side of all calls.
pub(super) struct Side {
    /// What it offers; who is called answers as he is asked to.
    codec: Codec,
    signalling: UdpSocket,
    pub(super) media: Vec<UdpSocket>,
    pub(super) ends: Vec<End>,
    /// Room for one.
    packet: Vec<u8>,
    sent: u64,
    received: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relayed {
    pub(crate) spent: Spent,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// Sets calls up and lets them talk for a while.
pub(crate) fn relay(exchange: &Exchange, phones: &Phones, calls: usize, time: Duration) -> Outcome<Relayed> {
    let mut sides = set_up_all(exchange, phones, calls, Codec::Pcmu)?;
    talk(&mut sides, SETTLING);
    for side in &mut sides {
        (side.sent, side.received) = (0, 0);
    }
    let window = Window::open(exchange.pid())?;
    talk(&mut sides, time);
    let spent = window.close()?;
    // What is still on its way.
    std::thread::sleep(Duration::from_millis(100));
    sides.iter_mut().for_each(Side::read);
    let sum = |count: fn(&Side) -> u64| sides.iter().map(count).sum();
    Ok(Relayed { spent, sent: sum(|side| side.sent), received: sum(|side| side.received) })
}

/// The two sides of so many calls.
pub(super) fn set_up_all(exchange: &Exchange, phones: &Phones, calls: usize, codec: Codec) -> Outcome<[Side; 2]> {
    let mut callers = Side::open(CALLER, 0, Codec::Pcmu)?;
    let mut callees = Side::open(CALLEE, phones.callee, codec)?;
    for number in 0..calls {
        set_up(number, exchange.sip, &mut callers, &mut callees)?;
    }
    Ok([callers, callees])
}

/// Every millisecond the calls whose turn it is send; each has its turn once in a frame.
fn talk(sides: &mut [Side; 2], time: Duration) {
    let begun = Instant::now();
    let end = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    for tick in 0..end {
        let due = begun + Duration::from_millis(tick.into());
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        for side in sides.iter_mut() {
            side.send(tick, |_, _, payload| payload.extend([0x7f; PAYLOAD]));
            if tick % 2 == 0 {
                side.read();
            }
        }
    }
}

impl Side {
    pub(super) fn open(ip: &str, port: u16, codec: Codec) -> Outcome<Self> {
        let open = |port| UdpSocket::bind((ip, port)).told(|| format!("cannot open a socket on {ip}:{port}"));
        let signalling = open(port)?;
        let timeout = Some(Duration::from_secs(5));
        signalling.set_read_timeout(timeout).told(|| "a socket without time limits".to_owned())?;
        let media: Vec<UdpSocket> = (0..SOCKETS).map(|_| open(0)).collect::<Outcome<_>>()?;
        for socket in &media {
            socket.set_nonblocking(true).told(|| "a socket that always waits".to_owned())?;
        }
        Ok(Self { codec, signalling, media, ends: Vec::new(), packet: Vec::new(), sent: 0, received: 0 })
    }

    /// Sends a packet by each end whose turn it is; `sound` appends the payload of an end's packet of this number. Who adds
    /// nothing sends nothing.
    pub(super) fn send(&mut self, tick: u32, sound: impl Fn(usize, u16, &mut Vec<u8>)) {
        let frame = FRAME as usize;
        let (payload_type, step) = self.codec.numbers();
        for (number, end) in self.ends.iter_mut().enumerate().skip(tick as usize % frame).step_by(frame) {
            self.packet.resize(HEADER, 0);
            sound(number, end.sequence, &mut self.packet);
            if self.packet.len() > HEADER {
                let stamp = u32::from(end.sequence).wrapping_mul(step);
                // RFC 3550 §5.1: version 2, payload type, sequence number, time stamp, source.
                self.packet[..2].copy_from_slice(&[0x80, payload_type]);
                self.packet[2..4].copy_from_slice(&end.sequence.to_be_bytes());
                self.packet[4..8].copy_from_slice(&stamp.to_be_bytes());
                self.packet[8..HEADER].copy_from_slice(&u32::try_from(number).unwrap_or(0).to_be_bytes());
                if self.media[end.socket].send_to(&self.packet, end.to).is_ok() {
                    self.sent += 1;
                }
            }
            end.sequence = end.sequence.wrapping_add(1);
        }
    }

    /// Gives all that has come back to where it came from, as a source of its own. `ends` are the sockets of what the
    /// exchange sends from; other things, as RTCP, stay unanswered.
    pub(super) fn send_back(&mut self, ends: &HashMap<SocketAddr, usize>) {
        let mut packet = [0; 2048];
        for socket in &self.media {
            while let Ok((size, from)) = socket.recv_from(&mut packet) {
                let Some(own) = ends.get(&from).filter(|_| size > HEADER) else { continue };
                for byte in &mut packet[8..HEADER] {
                    *byte = !*byte;
                }
                if self.media[*own].send_to(&packet[..size], from).is_ok() {
                    self.sent += 1;
                }
            }
        }
    }

    fn read(&mut self) {
        let mut count = 0;
        self.read_each(|_, _| count += 1);
        self.received += count;
    }

    /// Reads all RTP that has come; tells where each packet came from, and its payload.
    pub(super) fn read_each(&self, mut heard: impl FnMut(SocketAddr, &[u8])) {
        let mut packet = [0; 2048];
        for socket in &self.media {
            while let Ok((size, from)) = socket.recv_from(&mut packet) {
                // RFC 5761 §4: these are RTCP, which comes to the next port, and that may be one of ours.
                if size > HEADER && !(192..=223).contains(&packet[1]) {
                    heard(from, &packet[HEADER..size]);
                }
            }
        }
    }

    fn socket_for(&self, number: usize) -> Outcome<(usize, SocketAddr)> {
        let socket = number % SOCKETS;
        Ok((socket, self.media[socket].local_addr().told(|| "a socket without address".to_owned())?))
    }

    /// The next message that begins so.
    fn hear(&self, start: &str) -> Outcome<(String, SocketAddr)> {
        let mut buffer = [0; 4096];
        loop {
            let (size, from) = self.signalling.recv_from(&mut buffer).told(|| format!("no `{start}` came"))?;
            let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
            if text.starts_with(start) {
                return Ok((text, from));
            }
            if text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1") {
                return fail(format!("a call was refused: {}", text.lines().next().unwrap_or_default()));
            }
        }
    }

    fn say(&self, text: &str, to: SocketAddr) -> Outcome {
        self.signalling.send_to(text.as_bytes(), to).told(|| "a message could not be sent".to_owned()).map(drop)
    }
}

/// The rows that a caller's requests have in common.
fn common(number: usize, own: SocketAddr, to: &str, method: &str) -> String {
    format!(
        "Via: SIP/2.0/UDP {own};branch=z9hG4bKr{number}{method};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:caller{number}@{own}>;tag=r{number}\r\n{to}\r\nCall-ID: relay-{number}@{own}\r\nCSeq: 1 {method}\r\n"
    )
}

/// The INVITE of a call.
pub(super) fn invite(number: usize, server: SocketAddr, extension: &str, callers: &mut Side) -> Outcome {
    let own = callers.signalling.local_addr().told(|| "a socket without address".to_owned())?;
    let (_, media) = callers.socket_for(number)?;
    let body = described(media, callers.codec.own());
    let invite = format!(
        "INVITE sip:{extension}@{server} SIP/2.0\r\n{}Contact: <sip:caller@{own}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        common(number, own, &format!("To: <sip:{extension}@{server}>"), "INVITE"),
        body.len()
    );
    callers.say(&invite, server)
}

/// Its answer, and the ACK.
pub(super) fn confirm(number: usize, server: SocketAddr, extension: &str, callers: &mut Side) -> Outcome {
    let own = callers.signalling.local_addr().told(|| "a socket without address".to_owned())?;
    let (socket, _) = callers.socket_for(number)?;
    let (ok, _) = callers.hear("SIP/2.0 200 ")?;
    callers.ends.push(End { socket, to: media_of(&ok)?, sequence: 0 });
    let contact = row(&ok, "Contact:")?;
    let Some(target) = contact.split(['<', '>']).nth(1) else {
        return fail(format!("a Contact without brackets at {extension}"));
    };
    let ack =
        format!("ACK {target} SIP/2.0\r\n{}Content-Length: 0\r\n\r\n", common(number, own, row(&ok, "To:")?, "ACK"));
    callers.say(&ack, server)
}

/// One call, from INVITE to ACK.
fn set_up(number: usize, server: SocketAddr, callers: &mut Side, callees: &mut Side) -> Outcome {
    invite(number, server, EXTENSION, callers)?;

    let (offer, from) = callees.hear("INVITE ")?;
    let (callee_socket, media) = callees.socket_for(number)?;
    let body = described(media, &callees.codec.format(&offer)?);
    let echoed: String = offer
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
        .flat_map(|line| [line, "\r\n"])
        .collect();
    let answer = format!(
        "SIP/2.0 200 OK\r\n{echoed}{};tag=e{number}\r\nContact: <sip:callee@{CALLEE}:{}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        row(&offer, "To:")?,
        callees.signalling.local_addr().told(|| "a socket without address".to_owned())?.port(),
        body.len()
    );
    callees.say(&answer, from)?;
    callees.ends.push(End { socket: callee_socket, to: media_of(&offer)?, sequence: 0 });

    confirm(number, server, EXTENSION, callers)
}

/// A description of one format, `PAYLOAD-TYPE NAME/RATE`, and of keys.
fn described(media: SocketAddr, format: &str) -> String {
    let (ip, port) = (media.ip(), media.port());
    let number = format.split(' ').next().unwrap_or_default();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {number} 101\r\n\
         a=rtpmap:{format}\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
    )
}

impl Codec {
    /// As we write it where we are asked first.
    const fn own(self) -> &'static str {
        match self {
            Self::Pcmu => "0 PCMU/8000",
            Self::G722 => "9 G722/8000",
            Self::Opus => "111 opus/48000/2",
        }
    }

    /// The payload type there, and the ticks of 20 ms (RFC 3551 §4.5.2, RFC 7587 §4.1).
    const fn numbers(self) -> (u8, u32) {
        match self {
            Self::Pcmu => (0, 160),
            Self::G722 => (9, 160),
            Self::Opus => (111, 960),
        }
    }

    /// As `offer` writes it.
    fn format(self, offer: &str) -> Outcome<String> {
        let name = self.own().split(' ').next_back().unwrap_or_default();
        let mut formats = offer.lines().filter_map(|line| line.trim().strip_prefix("a=rtpmap:"));
        let offered = formats.find(|format| format.ends_with(&format!(" {name}")));
        offered.map_or_else(|| fail(format!("the exchange offers no {name}")), |format| Ok(format.to_owned()))
    }
}

fn row<'a>(message: &'a str, name: &str) -> Outcome<&'a str> {
    let row = message.lines().find(|line| line.starts_with(name));
    row.map_or_else(|| fail(format!("a message without {name}")), Ok)
}

/// Where a description wants audio.
fn media_of(message: &str) -> Outcome<SocketAddr> {
    let after = |start: &str| message.lines().find_map(|line| line.strip_prefix(start));
    let port = after("m=audio ").and_then(|rest| rest.split(' ').next());
    let address = after("c=IN IP4 ").zip(port).and_then(|(ip, port)| format!("{}:{port}", ip.trim()).parse().ok());
    address.map_or_else(|| fail("a description without audio"), Ok)
}

#[cfg(test)]
mod tests {
    use super::{Codec, described, media_of};

    #[test]
    fn a_description_says_where_it_wants_audio() {
        let media = "127.0.0.2:4000".parse().unwrap();
        assert_eq!(media_of(&described(media, Codec::Pcmu.own())).unwrap(), media);
    }

    #[test]
    fn a_callee_answers_with_the_number_that_its_codec_has_in_the_offer() {
        let offer = described("127.0.0.1:4000".parse().unwrap(), "111 opus/48000/2");
        assert_eq!(Codec::Opus.format(&offer).unwrap(), "111 opus/48000/2");
        assert!(Codec::G722.format(&offer).is_err());
    }
}
