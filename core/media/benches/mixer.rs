//! What a tick of a room costs, by members: `cargo bench -p media --bench mixer`. The allocator counts: a tick must show none.

use divan::{AllocProfiler, Bencher, black_box, counter::ItemsCount};
use media::Rate;
use media::mixer::{MemberKey, Mixer, MixerConfig, Output};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn room(members: usize, rate: Rate) -> (Mixer, Vec<MemberKey>, Vec<i16>) {
    let mut mixer = Mixer::new(MixerConfig::default());
    let keys = (0..members).map(|_| mixer.join(rate)).collect();
    let frame = (0..rate.frame()).map(|n| (4_000.0 * (n as f64 * 0.3).sin()) as i16).collect();
    (mixer, keys, frame)
}

/// Everybody pushes; `speak` of them are loud. All outputs are looked at.
fn tick(bencher: Bencher<'_, '_>, members: usize, speak: usize, rate: Rate) {
    let (mut mixer, keys, loud) = room(members, rate);
    let quiet = vec![3_i16; loud.len()];
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        for (at, key) in keys.iter().enumerate() {
            mixer.push(*key, black_box(if at < speak { &loud } else { &quiet }));
        }
        mixer.tick();
        for key in &keys {
            if let Output::Own(frame) | Output::Shared(frame) = mixer.output(*key) {
                black_box(frame);
            }
        }
    });
}

#[divan::bench(args = [2, 10, 100, 1_000])]
fn narrow_three_speak(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, 3, Rate::Narrow);
}

#[divan::bench(args = [10, 100, 1_000])]
fn narrow_all_speak(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, members, Rate::Narrow);
}

#[divan::bench(args = [10, 100, 1_000])]
fn full_three_speak(bencher: Bencher<'_, '_>, members: usize) {
    tick(bencher, members, 3, Rate::Full);
}
