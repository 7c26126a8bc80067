//! Codecs as an audio line names them.

/// One payload format of an audio line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The RTP payload type, 0 to 127.
    pub payload: u8,
    /// The encoding name of RFC 4855, as `PCMU`; upper case.
    pub name: String,
    /// The RTP clock rate in Hz.
    pub clock: u32,
}

impl Codec {
    /// What a payload type means without an `rtpmap` (RFC 3551 §6, tables 4 and 5).
    #[must_use]
    pub fn of_static(payload: u8) -> Option<Self> {
        let (name, clock) = match payload {
            0 => ("PCMU", 8000),
            3 => ("GSM", 8000),
            4 => ("G723", 8000),
            8 => ("PCMA", 8000),
            // RFC 3551 §4.5.2: the RTP clock of G.722 is 8000 by an old mistake.
            9 => ("G722", 8000),
            13 => ("CN", 8000),
            15 => ("G728", 8000),
            18 => ("G729", 8000),
            _ => return None,
        };
        Some(Self { payload, name: name.to_owned(), clock })
    }

    /// Reads the value of an `rtpmap` (RFC 8866 §6.6): `101 telephone-event/8000`.
    #[must_use]
    pub fn of_rtpmap(value: &str) -> Option<Self> {
        let (payload, format) = value.trim().split_once(' ')?;
        let mut parts = format.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_uppercase();
        let clock = parts.next()?.parse().ok()?;
        let payload = payload.parse().ok().filter(|payload| *payload < 128)?;
        Some(Self { payload, name, clock })
    }

    /// Telephone events (RFC 4733), not a voice.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.name == "TELEPHONE-EVENT"
    }

    /// Carries a voice: neither events nor comfort noise nor redundancy.
    #[must_use]
    pub fn is_voice(&self) -> bool {
        !matches!(self.name.as_str(), "TELEPHONE-EVENT" | "CN" | "RED" | "TONE")
    }

    /// One that we can make and understand ourselves.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!((self.name.as_str(), self.clock), ("PCMU" | "PCMA", 8000))
    }
}
