//! Which tone says what, country by country.
//!
//! The rows are facts of ITU-T E.180 Supplement 2, "Various tones used in national networks", as renewed with ITU
//! Operational Bulletin 781 (02/2003), and of the national papers named at them. They were taken at second hand, from
//! the tone table that Asterisk ships (`indications.conf.sample`), which cites those papers for most countries; no row
//! was held against the papers themselves. Where that table says that a tone is not specified, it is our default, which
//! is after E.180/Q.35.

use super::{Part, Sound, Tone};

/// What a tone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Dial.
    Dial,
    /// The other phone rings.
    RingBack,
    /// The other phone is busy.
    Busy,
    /// There is no way through now; "reorder".
    Congestion,
    /// The call cannot be put through at all: the three rising tones, SIT.
    Special,
    /// Somebody else calls, heard during a call.
    CallWaiting,
    /// The call is being recorded.
    Record,
}

impl Kind {
    /// All, in the order of a call.
    pub const ALL: [Self; 7] =
        [Self::Dial, Self::RingBack, Self::Busy, Self::Congestion, Self::Special, Self::CallWaiting, Self::Record];

    /// Its name, as operators and programs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dial => "dial",
            Self::RingBack => "ring-back",
            Self::Busy => "busy",
            Self::Congestion => "congestion",
            Self::Special => "special",
            Self::CallWaiting => "call-waiting",
            Self::Record => "record",
        }
    }

    /// The tone of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The tones of a country.
#[derive(Debug)]
pub struct Plan {
    /// Its code of two letters (ISO 3166-1); empty for the recommendation's own.
    pub country: &'static str,
    dial: Tone,
    ring_back: Tone,
    busy: Tone,
    congestion: Tone,
    special: Tone,
    call_waiting: Tone,
}

impl Plan {
    /// The plan of a country by its code of two letters in any case, or else the recommendation's own.
    #[must_use]
    pub fn of(country: &str) -> &'static Self {
        Self::find(country).unwrap_or(&ITU)
    }

    /// The plan of a country, if it is listed.
    #[must_use]
    pub fn find(country: &str) -> Option<&'static Self> {
        PLANS.iter().find(|plan| plan.country.eq_ignore_ascii_case(country))
    }

    /// All countries that are listed, by their codes.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        PLANS.iter().map(|plan| plan.country)
    }

    /// One of its tones.
    #[must_use]
    pub const fn tone(&self, kind: Kind) -> Tone {
        match kind {
            Kind::Dial => self.dial,
            Kind::RingBack => self.ring_back,
            Kind::Busy => self.busy,
            Kind::Congestion => self.congestion,
            Kind::Special => self.special,
            Kind::CallWaiting => self.call_waiting,
            Kind::Record => RECORD,
        }
    }

    const fn special(self, special: Tone) -> Self {
        Self { special, ..self }
    }

    const fn waiting(self, call_waiting: Tone) -> Self {
        Self { call_waiting, ..self }
    }
}

use Sound::{Beating, One, Two};

/// Sound and silence by turns, for ever: each pair is milliseconds on and off.
const fn cadence(sound: Sound, on_off: &[(u32, u32)]) -> Tone {
    let mut parts = [Part::silent(0); super::PARTS];
    let mut pair = 0;
    while pair < on_off.len() {
        parts[2 * pair] = Part { sound, millis: on_off[pair].0 };
        parts[2 * pair + 1] = Part::silent(on_off[pair].1);
        pair += 1;
    }
    Tone::of(parts.split_at(2 * pair).0)
}

const fn steady(sound: Sound) -> Tone {
    Tone::of(&[Part { sound, millis: 0 }])
}

/// Three rising tones, each so long, and a second's pause. Between them at least a millisecond.
const fn rising(hz: [u16; 3], millis: u32, between: u32) -> Tone {
    Tone::of(&[
        Part { sound: One(hz[0]), millis },
        Part::silent(if between > 0 { between } else { 1 }),
        Part { sound: One(hz[1]), millis },
        Part::silent(if between > 0 { between } else { 1 }),
        Part { sound: One(hz[2]), millis },
        Part::silent(1000),
    ])
}

/// E.180: 950, 1400 and 1800 Hz, 330 ms each; up to 30 ms may lie between.
const SPECIAL: Tone = rising([950, 1400, 1800], 330, 0);

/// Two short sounds, now and then.
const CALL_WAITING: Tone = cadence(One(425), &[(150, 150), (150, 8000)]);

/// 1400 Hz for 0.4 s every 15 s, wherever calls are recorded.
const RECORD: Tone = cadence(One(1400), &[(400, 14_600)]);

const fn plan(country: &'static str, dial: Tone, ring_back: Tone, busy: Tone, congestion: Tone) -> Plan {
    Plan { country, dial, ring_back, busy, congestion, special: SPECIAL, call_waiting: CALL_WAITING }
}

/// A plan of one frequency: dial tone steady, the others as (on, off).
const fn plain(
    country: &'static str,
    hz: u16,
    ring_back: (u32, u32),
    busy: (u32, u32),
    congestion: (u32, u32),
) -> Plan {
    let tone = One(hz);
    plan(country, steady(tone), cadence(tone, &[ring_back]), cadence(tone, &[busy]), cadence(tone, &[congestion]))
}

/// The plan that AT&T laid down for North America (Telcordia GR-506).
const fn american(country: &'static str) -> Plan {
    plan(
        country,
        steady(Two(350, 440)),
        cadence(Two(440, 480), &[(2000, 4000)]),
        cadence(Two(480, 620), &[(500, 500)]),
        cadence(Two(480, 620), &[(250, 250)]),
    )
    .waiting(cadence(One(440), &[(300, 10_000)]))
}

/// What the recommendation wants of new networks (E.180): 425 Hz throughout.
static ITU: Plan = plain("", 425, (1000, 4000), (500, 500), (200, 200));

/// By country.
#[rustfmt::skip]
static PLANS: [Plan; 41] = [
    plain("AT", 420, (1000, 5000), (400, 400), (200, 200))
        .special(rising([950, 1450, 1850], 330, 0))
        .waiting(cadence(One(420), &[(40, 1960)])),
    // ACIF S002:2001. The second half of its congestion tone is 10 dB quieter; here it is as loud.
    plan("AU", steady(Two(413, 438)), cadence(Two(413, 438), &[(400, 200), (400, 2000)]),
        cadence(One(425), &[(375, 375)]), cadence(One(425), &[(375, 375)]))
        .special(cadence(One(425), &[(2500, 500)]))
        .waiting(cadence(One(425), &[(200, 200), (200, 4400)])),
    plain("BE", 425, (1000, 3000), (500, 500), (167, 167))
        .special(rising([900, 1400, 1800], 330, 0))
        .waiting(cadence(One(1400), &[(175, 175), (175, 3500)])),
    plain("BG", 425, (1000, 4000), (500, 500), (250, 250))
        .waiting(cadence(One(425), &[(150, 150), (150, 4000)])),
    plan("BR", steady(One(425)), cadence(One(425), &[(1000, 4000)]), cadence(One(425), &[(250, 250)]),
        cadence(One(425), &[(250, 250), (750, 250)]))
        .waiting(cadence(One(425), &[(50, 1000)])),
    american("CA"),
    plain("CH", 425, (1000, 4000), (500, 500), (200, 200))
        .waiting(cadence(One(425), &[(200, 200), (200, 4000)])),
    plain("CL", 400, (1000, 3000), (500, 500), (200, 200))
        .waiting(cadence(One(400), &[(250, 8750)])),
    plain("CN", 450, (1000, 4000), (350, 350), (700, 700))
        .special(cadence(One(450), &[(100, 100), (100, 100), (100, 100), (400, 400)]))
        .waiting(cadence(One(450), &[(400, 4000)])),
    plan("CZ", cadence(One(425), &[(330, 330), (660, 660)]), cadence(One(425), &[(1000, 4000)]),
        cadence(One(425), &[(330, 330)]), cadence(One(425), &[(165, 165)]))
        .special(rising([950, 1400, 1800], 330, 30))
        .waiting(cadence(One(425), &[(330, 9000)])),
    plain("DE", 425, (1000, 4000), (480, 480), (240, 240))
        .waiting(cadence(One(425), &[(200, 200), (200, 5000)])),
    plain("DK", 425, (1000, 4000), (500, 500), (200, 200))
        .waiting(cadence(One(425), &[(200, 600), (200, 3000)])),
    plain("EE", 425, (1000, 4000), (300, 300), (200, 200)),
    plan("ES", steady(One(425)), cadence(One(425), &[(1500, 3000)]), cadence(One(425), &[(200, 200)]),
        cadence(One(425), &[(200, 200), (200, 200), (200, 600)]))
        .waiting(cadence(One(425), &[(175, 175), (175, 3500)])),
    plain("FI", 425, (1000, 4000), (300, 300), (200, 200)),
    plain("FR", 440, (1500, 3500), (500, 500), (250, 250))
        .waiting(cadence(One(440), &[(300, 10_000)])),
    // BT SIN 350.
    plan("GB", steady(Two(350, 440)), cadence(Two(400, 450), &[(400, 200), (400, 2000)]),
        cadence(One(400), &[(375, 375)]), cadence(One(400), &[(400, 350), (225, 525)]))
        .special(rising([950, 1400, 1800], 330, 15))
        .waiting(cadence(One(400), &[(100, 4000)])),
    plan("GR", cadence(One(425), &[(200, 300), (700, 800)]), cadence(One(425), &[(1000, 4000)]),
        cadence(One(425), &[(300, 300)]), cadence(One(425), &[(200, 200)])),
    plain("HU", 425, (1250, 3750), (300, 300), (300, 300))
        .waiting(cadence(One(425), &[(40, 1960)])),
    plain("ID", 425, (1000, 4000), (500, 500), (250, 250))
        .waiting(cadence(One(425), &[(150, 150), (150, 10_000)])),
    plain("IL", 414, (1000, 3000), (500, 500), (250, 250))
        .special(rising([1000, 1400, 1800], 330, 0))
        .waiting(cadence(One(414), &[(100, 100), (100, 100), (600, 3000)])),
    plan("IN", steady(Beating(400, 25)), cadence(Beating(400, 25), &[(400, 200), (400, 2000)]),
        cadence(One(400), &[(750, 750)]), cadence(One(400), &[(250, 250)]))
        .waiting(cadence(One(400), &[(200, 100), (200, 7500)])),
    plan("IT", cadence(One(425), &[(200, 200), (600, 1000)]), cadence(One(425), &[(1000, 4000)]),
        cadence(One(425), &[(500, 500)]), cadence(One(425), &[(200, 200)]))
        .waiting(cadence(One(425), &[(400, 100), (250, 100), (150, 14_000)])),
    plan("JP", steady(One(400)), cadence(Beating(400, 15), &[(1000, 2000)]),
        cadence(One(400), &[(500, 500)]), cadence(One(400), &[(500, 500)]))
        .waiting(cadence(Beating(400, 16), &[(500, 8000)])),
    plain("LT", 425, (1000, 4000), (350, 350), (200, 200))
        .waiting(cadence(One(425), &[(150, 150), (150, 4000)])),
    plain("MX", 425, (1000, 4000), (250, 250), (250, 250))
        .special(rising([950, 1400, 1800], 330, 30))
        .waiting(cadence(One(425), &[(200, 600), (200, 10_000)])),
    plan("MY", steady(One(425)), cadence(One(425), &[(400, 200), (400, 2000)]),
        cadence(One(425), &[(500, 500)]), cadence(One(425), &[(500, 500)])),
    plain("NL", 425, (1000, 4000), (500, 500), (250, 250))
        .waiting(cadence(One(425), &[(500, 9500)])),
    plain("NO", 425, (1000, 4000), (500, 500), (200, 200))
        .waiting(cadence(One(425), &[(200, 600), (200, 10_000)])),
    // Telecom TNA 102.
    plan("NZ", steady(One(400)), cadence(Two(400, 450), &[(400, 200), (400, 2000)]),
        cadence(One(400), &[(500, 500)]), cadence(One(400), &[(250, 250)]))
        .special(cadence(One(400), &[(750, 100), (750, 100), (750, 100), (750, 400)]))
        .waiting(cadence(One(400), &[(200, 3000)]).times(4)),
    plan("PH", steady(One(425)), cadence(Two(425, 480), &[(1000, 4000)]),
        cadence(Two(480, 620), &[(500, 500)]), cadence(Two(480, 620), &[(250, 250)]))
        .waiting(cadence(One(440), &[(300, 10_000)])),
    plain("PL", 425, (1000, 4000), (500, 500), (500, 500))
        .waiting(cadence(One(425), &[(150, 150), (150, 4000)])),
    plain("PT", 425, (1000, 5000), (500, 500), (200, 200)),
    // GOST R 45.223-2001.
    plain("RU", 425, (1000, 4000), (350, 350), (175, 175))
        .waiting(cadence(One(425), &[(200, 5000)])),
    plain("SE", 425, (1000, 5000), (250, 250), (250, 750))
        .special(rising([950, 1400, 1800], 332, 24))
        .waiting(cadence(One(425), &[(200, 500), (200, 9100)])),
    // IDA TS PSTN 1.
    plan("SG", steady(One(425)), cadence(Beating(425, 24), &[(400, 200), (400, 2000)]),
        cadence(One(425), &[(750, 750)]), cadence(One(425), &[(250, 250)]))
        .waiting(cadence(Beating(425, 24), &[(300, 200), (300, 3200)])),
    plan("TH", steady(Beating(400, 50)), cadence(One(420), &[(1000, 5000)]),
        cadence(One(400), &[(500, 500)]), cadence(One(400), &[(300, 300)])),
    plan("TW", steady(Two(350, 440)), cadence(Two(440, 480), &[(1000, 2000)]),
        cadence(Two(480, 620), &[(500, 500)]), cadence(Two(480, 620), &[(250, 250)]))
        .waiting(cadence(Two(350, 440), &[(250, 250), (250, 3250)])),
    american("US"),
    plan("VE", steady(One(425)), cadence(One(425), &[(1000, 4000)]),
        cadence(One(425), &[(500, 500)]), cadence(One(425), &[(250, 250)]))
        .special(rising([950, 1440, 1800], 330, 0))
        .waiting(cadence(Two(400, 450), &[(300, 6000)])),
    plan("ZA", steady(Beating(400, 33)), cadence(Beating(400, 33), &[(400, 200), (400, 2000)]),
        cadence(One(400), &[(500, 500)]), cadence(One(400), &[(250, 250)]))
        .special(rising([950, 1400, 1800], 330, 0))
        .waiting(cadence(Beating(400, 33), &[(250, 250)]).times(4)),
];
