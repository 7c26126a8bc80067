//! How good a call sounds, by the E-model (ITU-T G.107): a rating R of 0 to 100, and the opinion score it stands for.
//!
//! R = 93.2 − Id − Ie,eff: all parameters of G.107 that a packet network does not change have their default values
//! (§7.7, table 3), and what is left is delay, loss and the codec. Where one of these is not known there is no score,
//! never a guessed one.

use std::time::Duration;

/// R of a connection with nothing amiss (G.107 §7.7).
const BEST: f64 = 93.2;

/// How a codec bears loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// PCMU or PCMA whose losses are concealed.
    G711,
    /// PCMU or PCMA where a loss is silence.
    G711Unconcealed,
    /// G.722 at 64 kbit/s whose losses are concealed.
    G722,
    /// Opus for speech, mono, at 16 kbit/s and above.
    Opus,
    /// G.729A, with or without its silence suppression.
    G729,
    /// Any other: it is not rated.
    Other,
}

impl Codec {
    /// Ie, the impairment without loss, and Bpl, the robustness against it.
    ///
    /// G.711 and G.729A: the planning values of G.113 Appendix I, as commonly quoted. The other two have no values on this scale, whose best is a
    /// narrow-band call. They are *assumed*: G.722, a wide-band G.711 with a like concealment, as G.711; Opus without
    /// impairment of its own and with a robustness between G.729A, which like it goes on from its past, and G.711.
    /// Either sounds better than the score says, and never worse by the codec.
    const fn impairment(self) -> Option<(f64, f64)> {
        match self {
            Self::G711 | Self::G722 => Some((0.0, 25.1)),
            Self::G711Unconcealed => Some((0.0, 4.3)),
            Self::Opus => Some((0.0, 20.0)),
            Self::G729 => Some((11.0, 19.0)),
            Self::Other => None,
        }
    }
}

impl From<crate::codec::Codec> for Codec {
    fn from(codec: crate::codec::Codec) -> Self {
        match codec {
            crate::codec::Codec::Pcmu | crate::codec::Codec::Pcma => Self::G711,
            crate::codec::Codec::G722 => Self::G722,
            crate::codec::Codec::Opus => Self::Opus,
        }
    }
}

/// What is known of one direction of a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// From mouth to ear; see [`mouth_to_ear`].
    pub delay: Option<Duration>,
    /// The share of packets lost, 0 to 1, those included that came too late to be played.
    pub loss: Option<f64>,
    /// How much longer losses last than they would by chance (G.107 §7.5); `None` counts as by chance, 1.
    pub burst: Option<f64>,
}

/// A rating.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score {
    /// R, 0 to 93.2.
    pub r: f64,
    /// The mean opinion score on a conversational scale, estimated (MOS-CQE), 1 to 4.41.
    pub mos: f64,
}

/// Rates one direction of a call. `None` where delay or loss was not measured, or the codec is not rated.
#[must_use]
pub fn score(codec: Codec, measured: &Measured) -> Option<Score> {
    let (ie, bpl) = codec.impairment()?;
    let loss = measured.loss.filter(|loss| (0.0..=1.0).contains(loss))?;
    let delay = delay_impairment(measured.delay?);
    let burst = measured.burst.filter(|burst| burst.is_finite()).unwrap_or(1.0).max(1.0);
    // §7.5, where loss is in percent.
    let percent = loss * 100.0;
    let effective = ie + (95.0 - ie) * percent / (percent / burst + bpl);
    let r = (BEST - delay - effective).clamp(0.0, 100.0);
    Some(Score { r, mos: mos(r) })
}

/// Id (§7.4) by one-way delay, as it is for a connection whose echo is well cancelled: 0.024 a millisecond, and 0.11
/// more for each above 177.3. It follows the full equations within 0.8 up to 300 ms, and is the stricter beyond.
fn delay_impairment(delay: Duration) -> f64 {
    let millis = delay.as_secs_f64() * 1000.0;
    0.024 * millis + 0.11 * (millis - 177.3).max(0.0)
}

/// G.107 Annex B.
fn mos(r: f64) -> f64 {
    if r <= 0.0 {
        return 1.0;
    }
    // Below an R of 6.5 the polynomial dips under 1, which no score does.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
}

/// The delay from mouth to ear: half the round trip of the network, the time a packet takes to fill, and the time sound
/// waits in the jitter buffer.
#[must_use]
pub fn mouth_to_ear(round_trip: Duration, packet: Duration, buffer: Duration) -> Duration {
    (round_trip / 2).saturating_add(packet).saturating_add(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(codec: Codec, millis: u64, loss: f64) -> Score {
        let delay = Some(Duration::from_millis(millis));
        score(codec, &Measured { delay, loss: Some(loss), burst: None }).expect("a score")
    }

    fn hundredths(score: Score) -> i64 {
        (score.mos * 100.0).round() as i64
    }

    #[test]
    fn the_reference_points_come_out() {
        assert_eq!(hundredths(rated(Codec::G711, 20, 0.0)), 440);
        assert_eq!(hundredths(rated(Codec::G711, 100, 0.03)), 405);
        assert_eq!(hundredths(rated(Codec::G711, 0, 0.0)), 441);
        // G.107 table B.1: R 90, 80, 70, 60, 50 are 4.34, 4.03, 3.60, 3.10, 2.58.
        for (r, expected) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            assert!((mos(r) - expected).abs() < 0.01, "R {r}: {}", mos(r));
        }
    }

    #[test]
    fn what_was_not_measured_has_no_score() {
        let known = Measured { delay: Some(Duration::ZERO), loss: Some(0.0), burst: None };
        assert!(score(Codec::G711, &known).is_some());
        assert_eq!(score(Codec::Other, &known), None);
        assert_eq!(score(Codec::G711, &Measured { delay: None, ..known }), None);
        assert_eq!(score(Codec::G711, &Measured { loss: None, ..known }), None);
        for loss in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(score(Codec::G711, &Measured { loss: Some(loss), ..known }), None);
        }
    }

    #[test]
    fn more_of_anything_bad_never_sounds_better() {
        for codec in [Codec::G711, Codec::G711Unconcealed, Codec::G722, Codec::Opus, Codec::G729] {
            let mut last = f64::MAX;
            for loss in 0..=100 {
                let now = rated(codec, 50, f64::from(loss) / 100.0);
                assert!(now.r <= last && (1.0..=4.5).contains(&now.mos), "{codec:?} {loss}: {now:?}");
                last = now.r;
            }
        }
        let steps: Vec<f64> = (0..2000).step_by(10).map(|millis| rated(Codec::G711, millis, 0.0).mos).collect();
        assert!(steps.windows(2).all(|pair| pair[1] <= pair[0]));
        let burst = |burst| {
            let delay = Some(Duration::from_millis(50));
            score(Codec::G711, &Measured { delay, loss: Some(0.03), burst: Some(burst) }).expect("a score").r
        };
        assert!(burst(1.0) > burst(2.0) && burst(2.0) > burst(5.0));
    }

    /// G.107 §7.4 in full, with the defaults of table 3.
    fn full(millis: f64) -> f64 {
        let (ro, roe, echo_loss, weighted) = (94.7688, 94.7688, 65.0, 110.0);
        let terv = echo_loss - 40.0 * ((1.0 + millis / 10.0) / (1.0 + millis / 150.0_f64)).log10()
            + 6.0 * (-0.3 * millis * millis).exp();
        let talker = 80.0 + 2.5 * (terv - 14.0);
        let half = (roe - talker) / 2.0;
        let idte = (half + (half * half + 100.0_f64).sqrt() - 1.0) * (1.0 - (-millis).exp());
        let listener = 10.5 * (weighted + 7.0) * (2.0 * millis + 1.0).powf(-0.25);
        let half = (ro - listener) / 2.0;
        let idle = half + (half * half + 169.0).sqrt();
        let idd = if millis <= 100.0 {
            0.0
        } else {
            let x = (millis / 100.0).log2();
            25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
        };
        idte + idle + idd
    }

    #[test]
    fn delay_costs_what_the_full_equations_say() {
        for millis in (0..=300).step_by(10) {
            let simple = delay_impairment(Duration::from_millis(millis));
            // At no delay the equations have 0.15 left, which is in the 93.2.
            let exact = full(millis as f64) - full(0.0);
            assert!((simple - exact).abs() <= 0.8, "{millis} ms: {simple} for {exact}");
        }
    }
}
