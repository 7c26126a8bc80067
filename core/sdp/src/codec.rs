//! Codecs as an audio line names them.

use std::fmt;

/// One payload format of an audio line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The RTP payload type, 0 to 127.
    pub payload: u8,
    /// The encoding name of RFC 4855, as `PCMU`; upper case.
    pub name: String,
    /// The RTP clock rate in Hz.
    pub clock: u32,
    /// How many voices side by side: 1 unless said otherwise (RFC 8866 §6.6). Opus always says 2 (RFC 7587 §7).
    pub channels: u8,
    /// What the `fmtp` line says, without the payload type (RFC 8866 §6.15).
    pub fmtp: Option<String>,
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
        Some(Self::new(payload, name, clock))
    }

    /// One voice, without parameters.
    #[must_use]
    pub fn new(payload: u8, name: &str, clock: u32) -> Self {
        Self { payload, name: name.to_ascii_uppercase(), clock, channels: 1, fmtp: None }
    }

    /// Reads the value of an `rtpmap` (RFC 8866 §6.6): `101 telephone-event/8000`, `111 opus/48000/2`.
    #[must_use]
    pub fn of_rtpmap(value: &str) -> Option<Self> {
        let (payload, format) = value.trim().split_once(' ')?;
        let mut parts = format.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_uppercase();
        let clock = parts.next()?.parse().ok()?;
        // What stands here and is no number says nothing of channels.
        let channels = parts.next().and_then(|channels| channels.parse().ok()).unwrap_or(1).max(1);
        let payload = payload.parse().ok().filter(|payload| *payload < 128)?;
        Some(Self { payload, name, clock, channels, fmtp: None })
    }

    /// The same codec under another number.
    #[must_use]
    pub fn numbered(mut self, payload: u8) -> Self {
        self.payload = payload;
        self
    }

    /// The same format, whatever its number and parameters. Some phones leave out or mistake the channels of Opus.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock == other.clock
            && (self.channels == other.channels || self.is_opus())
    }

    /// Telephone events (RFC 4733), not a voice.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.name == "TELEPHONE-EVENT"
    }

    /// Comfort noise (RFC 3389).
    #[must_use]
    pub fn is_comfort_noise(&self) -> bool {
        self.name == "CN"
    }

    /// Opus (RFC 7587).
    #[must_use]
    pub fn is_opus(&self) -> bool {
        self.name == "OPUS"
    }

    /// Carries a voice: neither events nor comfort noise nor redundancy.
    #[must_use]
    pub fn is_voice(&self) -> bool {
        !matches!(self.name.as_str(), "TELEPHONE-EVENT" | "CN" | "RED" | "TONE")
    }

    /// Samples a second of the sound: the clock, but for G.722 (RFC 3551 §4.5.2).
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        if self.name == "G722" { 16_000 } else { self.clock }
    }
}

/// The value of its `rtpmap`.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names are the same in any case (RFC 8866 §6.6); some phones compare them as their own RFC spells them.
        let name = match self.name.as_str() {
            "OPUS" => "opus",
            "TELEPHONE-EVENT" => "telephone-event",
            "ILBC" => "iLBC",
            "SPEEX" => "speex",
            name => name,
        };
        write!(f, "{} {name}/{}", self.payload, self.clock)?;
        if self.channels > 1 { write!(f, "/{}", self.channels) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rtpmap_is_written_as_it_was_read() {
        for text in ["0 PCMU/8000", "9 G722/8000", "111 opus/48000/2", "101 telephone-event/8000", "11 L16/44100/2"] {
            assert_eq!(Codec::of_rtpmap(text).expect("a codec").to_string(), text);
        }
        for text in ["", "0", "128 PCMU/8000", "0 /8000", "0 PCMU", "x PCMU/8000"] {
            assert_eq!(Codec::of_rtpmap(text), None, "{text}");
        }
    }

    #[test]
    fn the_clock_of_g722_is_not_its_rate() {
        let codec = Codec::of_static(9).expect("G.722");
        assert_eq!((codec.clock, codec.sample_rate()), (8_000, 16_000));
    }

    #[test]
    fn opus_is_opus_with_any_channels_and_others_are_not() {
        let opus = |channels| Codec { channels, ..Codec::new(96, "opus", 48_000) };
        assert!(opus(1).is_same(&opus(2)));
        let linear = |channels| Codec { channels, ..Codec::new(96, "L16", 48_000) };
        assert!(!linear(1).is_same(&linear(2)));
    }
}
