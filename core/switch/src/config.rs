//! The switch's own settings.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use media::Codec;
use sdp::Secrecy;
use sip::Transport;

use crate::audio::Sound;

/// The switch's own settings. Each has a default that is safe for an office.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our sockets: requests of our own leave from the first that fits transport and address family.
    pub locals: Vec<(Transport, SocketAddr)>,
    /// The address to show in Via, Contact and From instead of the socket's own; `None` shows the socket's.
    pub advertised: Option<IpAddr>,
    /// Said in User-Agent and Server.
    pub agent: String,
    /// How long an application may take for the next decision before the tenant's fallback serves the caller.
    pub decision_time: Duration,
    /// How long a call may stay unanswered in all.
    pub setup_limit: Duration,
    /// The longest ring time that a dial may ask for.
    pub max_ring_time: Duration,
    /// How long an answer to a question may take.
    pub ask_time: Duration,
    /// How long a leg may send no media before the call ends; `None` for never.
    pub media_silence: Option<Duration>,
    /// How much media is encrypted on legs of users without a policy of their own, and of peers. What is optional is taken
    /// where it is offered, and not offered.
    pub secrecy: Secrecy,
    /// What the exchange speaks itself, the preferred first. Where the far end offers, its order counts.
    pub codecs: Vec<Codec>,
    /// What a caller hears who is put on hold, and for whom an application plays music without saying which: the name of
    /// a prompt.
    pub music: String,
    /// How many calls there may be at once; more get 503, but for emergencies.
    pub max_calls: usize,
    /// Numbers that call for help in some country: one of them is not turned away before it is known where it is dialled.
    pub emergency: Vec<String>,
    /// How many contacts one dial may ring at once.
    pub max_branches: usize,
    /// What `Retry-After` says when a call is shed.
    pub retry_after: Duration,
    /// Limits on what is parsed.
    pub limits: sip::Limits,
    /// The transaction layer's settings.
    pub transaction: sip::transaction::Config,
    /// The registrar's settings.
    pub registrar: crate::registrar::Config,
    /// Settings of subscriptions to lamps.
    pub lamps: crate::lamps::Config,
    /// How much unknown sources may ask.
    pub floods: crate::floods::Config,
    /// Settings of authentication and bans.
    pub gatekeeper: crate::gatekeeper::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            locals: Vec::new(),
            advertised: None,
            agent: concat!("Strowger/", env!("CARGO_PKG_VERSION")).to_owned(),
            decision_time: Duration::from_secs(10),
            setup_limit: Duration::from_secs(300),
            max_ring_time: Duration::from_secs(180),
            ask_time: Duration::from_secs(4),
            media_silence: Some(Duration::from_secs(60)),
            secrecy: Secrecy::Optional,
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma],
            music: crate::habits::Music::DEFAULT.to_owned(),
            max_calls: 20_000,
            emergency: ["112", "911"].map(str::to_owned).to_vec(),
            max_branches: 16,
            retry_after: Duration::from_secs(10),
            limits: sip::Limits::default(),
            transaction: sip::transaction::Config::default(),
            registrar: crate::registrar::Config::default(),
            lamps: crate::lamps::Config::default(),
            floods: crate::floods::Config::default(),
            gatekeeper: crate::gatekeeper::Config::default(),
        }
    }
}

impl Config {
    /// The music as what is played.
    pub(crate) fn music(&self) -> Vec<Sound> {
        vec![Sound::Prompt(self.music.clone())]
    }
}
