//! RTP beside sipp's signalling: a party that speaks a tone in G.711 and keeps what it hears.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::{Codec, Decoder, FRAME, Packetiser, Rate, Speaking};
use rtp_types::RtpPacket;

use crate::harness::Exchange;
use crate::tone;

/// A socket that speaks and hears until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Its port, as sipp has to name it.
    pub(crate) port: u16,
    socket: UdpSocket,
    heard: Arc<Mutex<Vec<f64>>>,
    over: Arc<AtomicBool>,
    speaks: Option<JoinHandle<()>>,
}

impl Listener {
    /// A port that hears, and says nothing yet.
    pub(crate) fn start(exchange: &Exchange) -> Self {
        let port = exchange.lane.ports(2);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).expect("a media port");
        socket.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        Self { port, socket, heard: Arc::default(), over: Arc::default(), speaks: None }
    }

    /// Speaks a tone to this port of the exchange from now on, and hears.
    pub(crate) fn speaks(&mut self, codec: Codec, hertz: f64, to: u16) {
        let socket = self.socket.try_clone().expect("the socket twice");
        let (heard, over) = (self.heard.clone(), self.over.clone());
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, to));
        self.speaks = Some(std::thread::spawn(move || talk(&socket, to, (codec, hertz), &heard, &over)));
    }

    /// All that it has heard until now.
    pub(crate) fn heard_by_now(&self) -> Vec<f64> {
        self.heard.lock().expect("nobody broke it").clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.speaks.take() {
            let _ = thread.join();
        }
    }
}

fn talk(socket: &UdpSocket, to: SocketAddr, (codec, hertz): (Codec, f64), heard: &Mutex<Vec<f64>>, over: &AtomicBool) {
    let number = codec.payload_type().expect("G.711");
    let rtp = Packetiser::new(number, 0x0115_7e4e, 100, 8_000);
    let mut speaking = Speaking::new(codec, Rate::Narrow, FRAME, rtp).expect("20 ms");
    let mut decoder = Decoder::new(codec, Rate::Narrow);
    let (mut packet, mut bytes) = (Vec::new(), [0; 2_048]);
    let (mut next, mut said) = (Instant::now(), 0_u32);
    while !over.load(Ordering::Relaxed) {
        if Instant::now() >= next {
            let samples: Vec<i16> = (said..said + 160).map(|n| tone::sample(hertz, n)).collect();
            said += 160;
            next += FRAME;
            speaking.handle(&samples);
            while speaking.poll(&mut packet) {
                // Nobody hears it any more once the call is over.
                let _ = socket.send_to(&packet, to);
            }
        }
        let Ok((length, _)) = socket.recv_from(&mut bytes) else { continue };
        let Ok(packet) = RtpPacket::parse(&bytes[..length]) else { continue };
        if packet.payload_type() != number {
            continue;
        }
        let mut pcm = vec![0; packet.payload().len()];
        decoder.decode(packet.payload(), &mut pcm).expect("any byte is a sample");
        heard.lock().expect("nobody broke it").extend(pcm.iter().map(|sample| f64::from(*sample)));
    }
}
