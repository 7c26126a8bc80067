//! A real phone puts its call on hold: the other hears the tenant's music meanwhile, and the voice again afterwards.

use std::time::{Duration, Instant};

use media::Codec;

use crate::harness::{Exchange, Over, Plan};
use crate::listener::Listener;
use crate::phone::Phone;
use crate::sealing::{as_plain, overheard};
use crate::sipp::Sipp;
use crate::talking::{ALICE, BOB, hears_only};
use crate::tone::{RATE, level};

/// What the tenant's music is, so that it is known when it is heard.
const MUSIC: f64 = 1_650.0;
/// How long a change may take to be heard, on a machine that does other things besides.
const CHANGE: Duration = Duration::from_secs(15);

/// The next that is heard has this tone, and the others by far less: for one second as a whole.
fn comes_to_hear(who: &str, ear: &dyn Fn() -> Vec<f64>, tone: f64, not: &[f64]) {
    let deadline = Instant::now() + CHANGE;
    let before = ear().len();
    loop {
        let heard = ear();
        let last = &heard[heard.len().saturating_sub(RATE as usize)..];
        let levels: Vec<f64> = [&[tone], not].concat().iter().map(|hertz| level(last, *hertz)).collect();
        let clear = levels[0] > -20.0 && levels[1..].iter().all(|other| levels[0] - other > 40.0);
        if heard.len() >= before + last.len() && last.len() == RATE as usize && clear {
            return;
        }
        let seconds = (heard.len() - before) / RATE as usize;
        let since = format!("after {seconds} s more");
        assert!(Instant::now() < deadline, "{who} hears {tone} and {not:?} Hz at {levels:.1?} dB {since}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// They talk; she holds, twice, and he hears music and nothing of her meanwhile; they talk.
fn he_hears_music_while_she_holds(she: &mut Phone, he: &dyn Fn() -> Vec<f64>) {
    comes_to_hear("she", &|| she.heard_by_now(), BOB, &[ALICE, MUSIC]);
    for _ in 0..2 {
        comes_to_hear("he", he, ALICE, &[BOB, MUSIC]);
        she.holds();
        comes_to_hear("he", he, MUSIC, &[ALICE, BOB]);
        // The music begins again where it ends.
        std::thread::sleep(Duration::from_secs(2));
        comes_to_hear("he", he, MUSIC, &[ALICE, BOB]);
        // What goes to her is looked at on the wire: baresip records no more after its first re-INVITE.
        if let Some(packets) = overheard(&she.media) {
            assert!(packets.is_empty(), "{} packets go to her who holds", packets.len());
        }
        she.resumes();
    }
    comes_to_hear("he", he, ALICE, &[BOB, MUSIC]);
    if let Some(packets) = overheard(&she.media) {
        assert!(packets.len() > 40, "{} packets go to her who is back", packets.len());
    }
}

/// Two phones of different codecs: what each says ends at the exchange.
fn a_phone_holds_another(hers: &str, his: &str) {
    let exchange = Exchange::with(Plan::default());
    exchange.tenant_says("en/moh/default", MUSIC);
    for (user, account) in [("1001", hers), ("1002", his)] {
        if account.contains("srtp") {
            exchange.operate(&["user", "set", user, "--srtp", "required"]);
        }
    }
    let bob = Phone::with_account(his, &exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::with_account(hers, &exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    he_hears_music_while_she_holds(&mut alice, &|| bob.heard_by_now());
    alice.hangs_up();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause), ("answered", 16));
}

#[test]
fn a_held_phone_of_opus_hears_music_in_its_own_codec() {
    a_phone_holds_another("audio_codecs=pcmu", "audio_codecs=opus/48000/2");
}

#[test]
fn phones_that_encrypt_hold_and_hear_music() {
    a_phone_holds_another("audio_codecs=pcmu;mediaenc=srtp-mand", "audio_codecs=g722/16000;mediaenc=srtp-mand");
}

#[test]
fn a_held_party_of_the_same_codec_hears_music_between_two_relayed_voices() {
    let exchange = Exchange::start();
    exchange.tenant_says("en/moh/default", MUSIC);
    // He is held by re-INVITE, after which baresip records no more: he is a sipp with ears.
    let mut bob = Listener::start(&exchange);
    let mut alice = Phone::start(&exchange, "1002", ALICE, Over::Udp, true);
    exchange.bindings(1);
    let talking = Sipp::plays(&exchange, "call_and_be_held").to("1002").with("rtp", &bob.port).start();
    bob.speaks(Codec::Pcmu, BOB, talking.media_port());
    alice.hears_of("CALL_ESTABLISHED");
    he_hears_music_while_she_holds(&mut alice, &|| bob.heard_by_now());
    if let Some(packets) = overheard(&alice.media) {
        hears_only("she", &as_plain(&packets), BOB);
    }
    alice.hangs_up();
    talking.succeeds();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.ended_by.as_str()), ("answered", "callee"));
}
