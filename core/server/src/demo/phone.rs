//! A built-in phone: registers, calls or answers, plays a tone and listens. Small, and on real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sip::{Limits, Message, Method, Name, Status, Writer};

use super::Login;
use super::tone::{self, FRAME};

const PATIENCE: Duration = Duration::from_secs(5);
const REPEAT: Duration = Duration::from_millis(500);

/// A phone on loopback.
#[derive(Debug)]
pub(crate) struct Phone {
    login: Login,
    exchange: SocketAddr,
    sip: UdpSocket,
    rtp: UdpSocket,
    serial: u32,
    hertz: f64,
}

/// A dialog as this phone needs it.
#[derive(Debug)]
pub(crate) struct Talk {
    from: String,
    to: String,
    call_id: String,
    target: String,
    media: SocketAddr,
}

impl Phone {
    pub(crate) fn new(login: Login, exchange: SocketAddr, hertz: f64) -> Result<Self> {
        let sip = UdpSocket::bind((exchange.ip(), 0)).context("a socket for a built-in phone")?;
        let rtp = UdpSocket::bind((exchange.ip(), 0)).context("a media socket for a built-in phone")?;
        sip.set_read_timeout(Some(REPEAT))?;
        Ok(Self { login, exchange, sip, rtp, serial: 0, hertz })
    }

    /// Where it sends from.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.sip.local_addr()?)
    }

    fn contact(&self) -> Result<String> {
        Ok(format!("<sip:{}@{}>", self.login.user, self.sip.local_addr()?))
    }

    fn word(&mut self) -> String {
        self.serial += 1;
        format!("{}x{}x{}", self.login.user, std::process::id(), self.serial)
    }

    fn via(&mut self) -> Result<String> {
        let branch = self.word();
        Ok(format!("SIP/2.0/UDP {};branch=z9hG4bK{branch};rport", self.sip.local_addr()?))
    }

    /// Registers, with digest.
    pub(crate) fn register(&mut self) -> Result<()> {
        let uri = format!("sip:{}", self.exchange.ip());
        let me = format!("<sip:{}@{}>", self.login.user, self.exchange.ip());
        let from = format!("{me};tag={}", self.word());
        let call_id = self.word();
        let contact = self.contact()?;
        let answer = self.ask(
            Method::Register,
            &uri,
            &from,
            &me,
            &call_id,
            &|writer| {
                writer.header(Name::Contact, &contact).header(Name::Expires, 300);
            },
            None,
        )?;
        match status_of(&answer)? {
            Status::OK => Ok(()),
            status => bail!("{} could not register: {}", self.login.user, status.0),
        }
    }

    /// Calls somebody and waits until it is answered.
    pub(crate) fn call(&mut self, number: &str) -> Result<Talk> {
        let uri = format!("sip:{number}@{}", self.exchange.ip());
        let tag = self.word();
        let from = format!("<sip:{}@{}>;tag={tag}", self.login.user, self.exchange.ip());
        let (to, call_id, contact) = (format!("<{uri}>"), self.word(), self.contact()?);
        let body = self.sdp()?;
        let answer = self.ask(
            Method::Invite,
            &uri,
            &from,
            &to,
            &call_id,
            &|writer| {
                writer.header(Name::Contact, &contact);
            },
            Some(&body),
        )?;
        let limits = Limits::default();
        let message = sip::parse(&answer, &limits).context("reading the answer")?;
        match message.status() {
            Some(Status::OK) => {}
            status => bail!("{} could not call {number}: {}", self.login.user, status.map_or(0, |status| status.0)),
        }
        let to = message.value(Name::To).unwrap_or_default().into_owned();
        let target = target_of(&message)?;
        let number = message.cseq().context("reading the answer")?.number;
        let talk = Talk { from, to, call_id, target, media: media_of(message.body())? };
        let ack = self.start(Method::Ack, &talk.target, &talk.from, &talk.to, &talk.call_id, number)?.finish();
        self.sip.send_to(&ack, self.exchange)?;
        Ok(talk)
    }

    /// Waits for a call, rings, and answers it.
    pub(crate) fn answer(&mut self, ring: Duration) -> Result<Talk> {
        let limits = Limits::default();
        let invite = self.wait_for(|message| message.method() == Some(Method::Invite), &limits)?;
        let message = sip::parse(&invite, &limits).context("reading the INVITE")?;
        let tag = self.word();
        let contact = self.contact()?;
        let mut ringing = Writer::reply(&message, Status::RINGING, Some(&tag), self.exchange);
        ringing.header(Name::Contact, &contact);
        self.sip.send_to(&ringing.finish(), self.exchange)?;
        std::thread::sleep(ring);
        let mut answer = Writer::reply(&message, Status::OK, Some(&tag), self.exchange);
        answer.header(Name::Contact, &contact);
        let answer = answer.body("application/sdp", self.sdp()?.as_bytes());
        self.sip.send_to(&answer, self.exchange)?;
        self.wait_for(|message| message.method() == Some(Method::Ack), &limits)?;
        Ok(Talk {
            from: format!("{};tag={tag}", message.value(Name::To).unwrap_or_default()),
            to: message.value(Name::From).unwrap_or_default().into_owned(),
            call_id: message.call_id().context("reading the INVITE")?.to_owned(),
            target: target_of(&message)?,
            media: media_of(message.body())?,
        })
    }

    /// Plays its tone for so long, and gives what it heard.
    pub(crate) fn talk(&self, talk: &Talk, time: Duration) -> Result<Vec<f64>> {
        let end = Instant::now() + time;
        let mut heard = Vec::new();
        let mut buffer = [0; 2048];
        for number in 0_u16.. {
            let next = Instant::now() + Duration::from_millis(20);
            if Instant::now() >= end {
                break;
            }
            let mut packet = vec![0x80, 0];
            packet.extend(number.to_be_bytes());
            packet.extend((u32::from(number) * 160).to_be_bytes());
            packet.extend(std::process::id().to_be_bytes());
            packet.extend(tone::frame(self.hertz, usize::from(number)));
            self.rtp.send_to(&packet, talk.media)?;
            while let Some(left) = next.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                self.rtp.set_read_timeout(Some(left))?;
                let Ok((size, _)) = self.rtp.recv_from(&mut buffer) else { break };
                heard.extend(
                    buffer.get(12..size).unwrap_or_default().iter().take(FRAME).map(|code| tone::decode(*code)),
                );
            }
        }
        Ok(heard)
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self, talk: &Talk) -> Result<()> {
        let answer = self.ask(Method::Bye, &talk.target, &talk.from, &talk.to, &talk.call_id, &|_| {}, None)?;
        status_of(&answer).map(drop)
    }

    /// Waits until the other has hung up.
    pub(crate) fn wait_for_bye(&mut self) -> Result<()> {
        let limits = Limits::default();
        let bye = self.wait_for(|message| message.method() == Some(Method::Bye), &limits)?;
        let message = sip::parse(&bye, &limits).context("reading the BYE")?;
        self.sip.send_to(&Writer::reply(&message, Status::OK, None, self.exchange).finish(), self.exchange)?;
        Ok(())
    }

    fn sdp(&self) -> Result<String> {
        let media = self.rtp.local_addr()?;
        let family = if media.is_ipv4() { "IP4" } else { "IP6" };
        let ip = media.ip();
        Ok(format!(
            "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\na=sendrecv\r\n",
            media.port()
        ))
    }

    fn start(
        &mut self,
        method: Method<'_>,
        uri: &str,
        from: &str,
        to: &str,
        call_id: &str,
        number: u32,
    ) -> Result<Writer> {
        let via = self.via()?;
        let mut writer = Writer::request(method, uri);
        writer
            .header(Name::Via, via)
            .header(Name::MaxForwards, 70)
            .header(Name::From, from)
            .header(Name::To, to)
            .header(Name::CallId, call_id)
            .header(Name::CSeq, format_args!("{number} {}", method.as_str()));
        Ok(writer)
    }

    /// Sends a request and waits for its final answer, with credentials when they are asked for.
    #[allow(clippy::too_many_arguments, reason = "the rows of a request")]
    fn ask(
        &mut self,
        method: Method<'_>,
        uri: &str,
        from: &str,
        to: &str,
        call_id: &str,
        rows: &dyn Fn(&mut Writer),
        body: Option<&str>,
    ) -> Result<Vec<u8>> {
        let limits = Limits::default();
        let mut credentials: Option<String> = None;
        for number in 1..=2 {
            let mut writer =
                self.start(method, uri, from, to, call_id, number + if method == Method::Bye { 10 } else { 0 })?;
            rows(&mut writer);
            if let Some(credentials) = &credentials {
                writer.header(Name::Authorization, credentials);
            }
            let request = match body {
                Some(body) => writer.body("application/sdp", body.as_bytes()),
                None => writer.finish(),
            };
            let sequence = sip::parse(&request, &limits)
                .context("reading the request")?
                .cseq()
                .context("reading the request")?
                .number;
            self.sip.send_to(&request, self.exchange)?;
            let fits = |message: &Message<'_>| {
                message.status().is_some_and(Status::is_final)
                    && message.cseq().is_ok_and(|cseq| cseq.number == sequence && cseq.method == method)
            };
            let answer = self.wait_or_repeat(fits, &limits, Some(&request))?;
            let message = sip::parse(&answer, &limits).context("reading the answer")?;
            if message.status() != Some(Status::UNAUTHORIZED) || credentials.is_some() {
                return Ok(answer);
            }
            if method == Method::Invite {
                // RFC 3261 §17.1.1.3: a refusal has its ACK, in the same transaction.
                self.acknowledge(&request, &message)?;
            }
            let challenge = message.challenges(Name::WwwAuthenticate).next().context("a challenge without digest")?;
            let word = self.word();
            credentials =
                sip::digest::answer(&challenge, &self.login.user, &self.login.password, method, uri, &word, 1);
        }
        bail!("{} is not let in", self.login.user)
    }

    fn acknowledge(&self, request: &[u8], refusal: &Message<'_>) -> Result<()> {
        let limits = Limits::default();
        let invite = sip::parse(request, &limits).context("reading the request")?;
        let mut ack = Writer::request(Method::Ack, invite.uri().context("reading the request")?.as_str());
        ack.header(Name::Via, invite.value(Name::Via).unwrap_or_default())
            .header(Name::MaxForwards, 70)
            .header(Name::From, refusal.value(Name::From).unwrap_or_default())
            .header(Name::To, refusal.value(Name::To).unwrap_or_default())
            .header(Name::CallId, refusal.value(Name::CallId).unwrap_or_default())
            .header(Name::CSeq, format_args!("{} ACK", invite.cseq().context("reading the request")?.number));
        self.sip.send_to(&ack.finish(), self.exchange)?;
        Ok(())
    }

    fn wait_for(&self, fits: impl Fn(&Message<'_>) -> bool, limits: &Limits) -> Result<Vec<u8>> {
        self.wait_or_repeat(fits, limits, None)
    }

    fn wait_or_repeat(
        &self,
        fits: impl Fn(&Message<'_>) -> bool,
        limits: &Limits,
        request: Option<&[u8]>,
    ) -> Result<Vec<u8>> {
        let end = Instant::now() + PATIENCE;
        let mut buffer = [0; 65_536];
        while Instant::now() < end {
            match self.sip.recv_from(&mut buffer) {
                Ok((size, _)) => {
                    let bytes = buffer.get(..size).unwrap_or_default();
                    if sip::parse(bytes, limits).is_ok_and(|message| fits(&message)) {
                        return Ok(bytes.to_vec());
                    }
                }
                Err(_) => {
                    if let Some(request) = request {
                        self.sip.send_to(request, self.exchange)?;
                    }
                }
            }
        }
        bail!("{} waited {} s in vain", self.login.user, PATIENCE.as_secs())
    }
}

fn status_of(bytes: &[u8]) -> Result<Status> {
    let limits = Limits::default();
    sip::parse(bytes, &limits).context("reading the answer")?.status().context("no answer")
}

fn target_of(message: &Message<'_>) -> Result<String> {
    match message.contacts().next() {
        Some(Ok(sip::Contact::Addr(address))) => Ok(address.uri().as_str().to_owned()),
        _ => bail!("a message without a Contact"),
    }
}

fn media_of(body: &[u8]) -> Result<SocketAddr> {
    let description = sdp::Description::parse(body).context("reading the description")?;
    description.audio().map(|audio| audio.address).context("a description without audio")
}
