//! What an `fmtp` line says of Opus (RFC 7587 §6.1): every parameter speaks of what its writer wants to *receive*.

use std::fmt;

use crate::codec::Codec;

/// What the writer wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusFormat {
    /// `useinbandfec`: it can make use of the redundancy inside the packets.
    pub fec: bool,
    /// `usedtx`: silence may be left out.
    pub dtx: bool,
    /// `stereo`: it prefers two voices side by side.
    pub stereo: bool,
    /// `cbr`: every packet as large as any other.
    pub constant: bool,
    /// `maxaveragebitrate` in bits a second, 6,000 to 510,000.
    pub max_bit_rate: Option<u32>,
    /// `maxplaybackrate` in Hz, 8,000 to 48,000: sound above half of it is wasted.
    pub max_playback_rate: Option<u32>,
}

impl Default for OpusFormat {
    /// What an absent line means (§6.1): no redundancy, no silence left out, mono, any rate.
    fn default() -> Self {
        Self { fec: false, dtx: false, stereo: false, constant: false, max_bit_rate: None, max_playback_rate: None }
    }
}

impl OpusFormat {
    /// Reads the parameters of an `fmtp` line; what is unknown or out of its bounds counts as not said (§7).
    #[must_use]
    pub fn parse(fmtp: &str) -> Self {
        let mut format = Self::default();
        for (name, value) in fmtp.split(';').filter_map(|parameter| parameter.split_once('=')) {
            let value = value.trim();
            let number = |low, high| value.parse().ok().filter(|number| (low..=high).contains(number));
            match name.trim().to_ascii_lowercase().as_str() {
                "useinbandfec" => format.fec = value == "1",
                "usedtx" => format.dtx = value == "1",
                "stereo" => format.stereo = value == "1",
                "cbr" => format.constant = value == "1",
                "maxaveragebitrate" => format.max_bit_rate = number(6_000, 510_000),
                "maxplaybackrate" => format.max_playback_rate = number(8_000, 48_000),
                _ => (),
            }
        }
        format
    }

    /// What the codec's line says.
    #[must_use]
    pub fn of(codec: &Codec) -> Self {
        codec.fmtp.as_deref().map(Self::parse).unwrap_or_default()
    }

    /// Opus under this number. It is always `opus/48000/2` (§7), also where mono is spoken.
    #[must_use]
    pub fn codec(&self, payload: u8) -> Codec {
        Codec { channels: 2, fmtp: Some(self.to_string()), ..Codec::new(payload, "OPUS", 48_000) }
    }
}

impl fmt::Display for OpusFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "useinbandfec={};stereo={}", u8::from(self.fec), u8::from(self.stereo))?;
        for (name, said) in [("usedtx", self.dtx), ("cbr", self.constant)] {
            if said {
                write!(f, ";{name}=1")?;
            }
        }
        if let Some(rate) = self.max_bit_rate {
            write!(f, ";maxaveragebitrate={rate}")?;
        }
        match self.max_playback_rate {
            Some(rate) => write!(f, ";maxplaybackrate={rate}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_phones_are_understood() {
        let browser = OpusFormat::parse("minptime=10;useinbandfec=1");
        assert_eq!(browser, OpusFormat { fec: true, ..OpusFormat::default() });
        let baresip = OpusFormat::parse("stereo=1;sprop-stereo=1; maxaveragebitrate=28000 ;usedtx=1");
        let wanted = OpusFormat { stereo: true, dtx: true, max_bit_rate: Some(28_000), ..OpusFormat::default() };
        assert_eq!(baresip, wanted);
        assert_eq!(OpusFormat::parse("maxaveragebitrate=5;cbr=yes;;=;stereo"), OpusFormat::default());
    }

    #[test]
    fn what_we_write_is_always_two_channels() {
        let codec = OpusFormat { fec: true, max_bit_rate: Some(24_000), ..OpusFormat::default() }.codec(111);
        assert_eq!(codec.to_string(), "111 opus/48000/2");
        assert_eq!(codec.fmtp.as_deref(), Some("useinbandfec=1;stereo=0;maxaveragebitrate=24000"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            flags in any::<[bool; 4]>(),
            rate in proptest::option::of(6_000_u32..=510_000),
            playback in proptest::option::of(8_000_u32..=48_000),
        ) {
            let [fec, dtx, stereo, constant] = flags;
            let format =
                OpusFormat { fec, dtx, stereo, constant, max_bit_rate: rate, max_playback_rate: playback };
            prop_assert_eq!(OpusFormat::parse(&format.to_string()), format);
        }

        #[test]
        fn any_line_is_read_without_harm(text in ".{0,80}") {
            let _ = OpusFormat::parse(&text);
        }
    }
}
