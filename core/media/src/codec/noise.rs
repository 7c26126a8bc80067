//! Comfort noise (RFC 3389): what is heard while the far end says that it is silent.

/// The payload type of comfort noise at 8 kHz (RFC 3389 §4). At other rates it is a dynamic one.
pub const PAYLOAD_TYPE: u8 = 13;

/// More reflection coefficients than this are not used: RFC 3389 §3.3 leaves the order of the model to us.
const ORDER: usize = 12;

/// Full scale: what 0 dBov is measured against.
const OVERLOAD: f32 = 32_768.0;

/// Noise of a given level and colour.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Of the generator; never 0.
    state: u64,
    /// What white noise is multiplied by, now and in the end: the level glides, a step would be heard.
    gain: f32,
    goal: f32,
    reflections: [f32; ORDER],
    /// What the lattice remembers.
    backward: [f32; ORDER],
}

impl Noise {
    /// Silence, until [`Noise::update`] says otherwise. Two streams should not have one seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed | 1, gain: 0.0, goal: 0.0, reflections: [0.0; ORDER], backward: [0.0; ORDER] }
    }

    /// Takes a payload of comfort noise: level and colour from now on. An empty one changes nothing.
    pub fn update(&mut self, payload: &[u8]) {
        let Some((level, indices)) = payload.split_first() else { return };
        // §3.1: the level is in −dBov, seven bits.
        let rms = OVERLOAD * 10f32.powf(-f32::from(level & 0x7f) / 20.0);
        let mut residue = 1.0;
        self.reflections = [0.0; ORDER];
        for (reflection, index) in self.reflections.iter_mut().zip(indices) {
            // §3.2: k = 258 · (N − 127) / 32768, and 255 is no index.
            *reflection = 258.0 * (f32::from((*index).min(254)) - 127.0) / OVERLOAD;
            residue *= 1.0 - *reflection * *reflection;
        }
        // The filter makes white noise louder by as much as this makes it softer.
        self.goal = rms * residue.max(0.0).sqrt();
    }

    /// Begins from silence again.
    pub const fn reset(&mut self) {
        self.gain = 0.0;
        self.goal = 0.0;
        self.backward = [0.0; ORDER];
    }

    /// Fills `out` with noise.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            self.gain += (self.goal - self.gain) * 0.005;
            // The lattice of an all-pole filter, from the last stage to the first.
            let mut forward = self.white() * self.gain;
            for stage in (0..ORDER).rev() {
                let behind = self.backward[stage];
                forward -= self.reflections[stage] * behind;
                if let Some(next) = self.backward.get_mut(stage + 1) {
                    *next = behind + self.reflections[stage] * forward;
                }
            }
            self.backward[0] = forward;
            *sample = forward as i16;
        }
    }

    /// White noise of variance 1 (xorshift64*, evenly spread).
    fn white(&mut self) -> f32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let high = (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32;
        (high.cast_signed() as f32) * (1.732_050_8 / 2_147_483_648.0)
    }
}

/// Says how `pcm` sounds in a payload of comfort noise with `order` reflection coefficients (at most 12), appended to
/// `out`.
pub fn describe(pcm: &[i16], order: usize, out: &mut Vec<u8>) {
    let mut correlation = [0f64; ORDER + 1];
    let order = order.min(ORDER);
    for (lag, sum) in correlation.iter_mut().enumerate().take(order + 1) {
        let later = pcm.get(lag..).unwrap_or_default();
        *sum = pcm.iter().zip(later).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    }
    let power = correlation[0] / (pcm.len().max(1) as f64);
    let level = -10.0 * (power / f64::from(OVERLOAD * OVERLOAD)).log10();
    // §3.1; silence is an infinity, which becomes 127.
    out.push(level.round().clamp(0.0, 127.0) as u8);
    // A trace of white noise keeps the recursion well conditioned.
    correlation[0] = correlation[0] * 1.0001 + 1.0;
    out.extend(reflections(&correlation, order).iter().take(order).map(|k| {
        // §3.2, the other way.
        (k * f64::from(OVERLOAD) / 258.0 + 127.0).round().clamp(0.0, 254.0) as u8
    }));
}

/// The reflection coefficients of an autocorrelation (Levinson and Durbin).
fn reflections(correlation: &[f64; ORDER + 1], order: usize) -> [f64; ORDER] {
    let mut coefficients = [0f64; ORDER + 1];
    let mut reflections = [0f64; ORDER];
    let mut error = correlation[0];
    for stage in 1..=order {
        let known: f64 = (1..stage).map(|tap| coefficients[tap] * correlation[stage - tap]).sum();
        let reflection = -(correlation[stage] + known) / error;
        reflections[stage - 1] = reflection;
        let before = coefficients;
        coefficients[stage] = reflection;
        for tap in 1..stage {
            coefficients[tap] = before[tap] + reflection * before[stage - tap];
        }
        error *= 1.0 - reflection * reflection;
    }
    reflections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(pcm: &[i16]) -> f64 {
        let power: f64 = pcm.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / pcm.len() as f64;
        10.0 * (power / f64::from(OVERLOAD * OVERLOAD)).log10()
    }

    #[test]
    fn noise_has_the_level_that_the_payload_says() {
        for wanted in [30, 50, 60] {
            let mut noise = Noise::new(1);
            noise.update(&[wanted]);
            let mut pcm = [0; 16_000];
            noise.fill(&mut pcm);
            let heard = level(&pcm[8_000..]);
            assert!((heard + f64::from(wanted)).abs() < 1.0, "{heard} dBov for -{wanted}");
        }
    }

    #[test]
    fn noise_that_is_described_and_made_again_has_its_level_and_colour() {
        // Low-pass noise: what a fan sounds like.
        let mut white = Noise::new(7);
        white.update(&[40]);
        let mut fan = [0; 32_000];
        white.fill(&mut fan);
        let mut low = 0.0;
        for sample in &mut fan {
            low += (f64::from(*sample) - low) * 0.2;
            *sample = low as i16;
        }
        let fan = &fan[8_000..];
        let mut payload = Vec::new();
        describe(fan, 8, &mut payload);
        assert_eq!(payload.len(), 9);
        let mut noise = Noise::new(99);
        noise.update(&payload);
        let mut made = [0; 32_000];
        noise.fill(&mut made);
        let made = &made[8_000..];
        assert!((level(made) - level(fan)).abs() < 1.5, "{} for {}", level(made), level(fan));
        let colour = |pcm: &[i16]| {
            let step: Vec<i16> = pcm.windows(2).map(|pair| pair[1] - pair[0]).collect();
            level(&step) - level(pcm)
        };
        assert!((colour(made) - colour(fan)).abs() < 1.5, "{} for {}", colour(made), colour(fan));
    }

    #[test]
    fn no_payload_makes_more_than_noise() {
        let mut state = 3_u64;
        for _ in 0..500 {
            let mut noise = Noise::new(state);
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let payload: Vec<u8> = (0..state >> 58).map(|at| (state >> (at % 56)) as u8).collect();
            noise.update(&payload);
            noise.fill(&mut [0; 320]);
            assert!(noise.backward.iter().all(|value| value.is_finite()), "{payload:?}");
        }
        let mut out = Vec::new();
        describe(&[], 40, &mut out);
        describe(&[0; 160], 12, &mut out);
        assert_eq!([out[0], out[13]], [127, 127], "silence is the softest");
    }
}
