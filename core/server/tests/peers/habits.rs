//! Country, language and music of a tenant, as a real phone hears them: from the next call on, without a restart.

use std::path::Path;
use std::time::Duration;

use crate::harness::{Exchange, Over, Plan, until};
use crate::phone::Phone;
use crate::tone::level;

const ALICE: f64 = 440.0;
/// What the prompt is in each language, so that it is known when it is heard.
const ENGLISH: f64 = 1_100.0;
const GERMAN: f64 = 1_500.0;
const FRENCH: f64 = 1_900.0;
const TONES: [f64; 3] = [ENGLISH, GERMAN, FRENCH];

/// A call whose first words are heard; that tone alone is in them.
fn is_spoken_to_in(tone: f64, alice: &mut Phone, exchange: &Exchange) {
    let before = alice.heard_by_now().len();
    alice.calls(&format!("sip:*43@{}", exchange.address(Over::Udp)));
    let heard = until("two seconds are heard", Duration::from_secs(15), || {
        Some(alice.heard_by_now()).filter(|heard| heard.len() >= before + 16_000)
    });
    alice.hangs_up();
    let words = &heard[before + 4_000..before + 12_000];
    let own = level(words, tone);
    assert!(own > -20.0, "{tone} Hz at {own:.1} dB");
    for other in TONES.into_iter().filter(|other| *other != tone) {
        assert!(own - level(words, other) > 30.0, "{other} Hz too");
    }
}

#[test]
fn a_phone_is_spoken_to_in_its_users_language_else_in_the_tenants_from_the_next_call_on() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    for (language, tone) in [("en", ENGLISH), ("de", GERMAN), ("fr", FRENCH)] {
        exchange.tenant_says(&format!("{language}/demo-echotest"), tone);
    }
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    is_spoken_to_in(ENGLISH, &mut alice, &exchange);
    exchange.operate(&["tenant", "set", "demo", "--language", "de-AT"]);
    is_spoken_to_in(GERMAN, &mut alice, &exchange);
    exchange.operate(&["user", "set", "1001", "--language", "fr"]);
    is_spoken_to_in(FRENCH, &mut alice, &exchange);
    exchange.operate(&["user", "set", "1001", "--language", "inherit"]);
    is_spoken_to_in(GERMAN, &mut alice, &exchange);
    exchange.operate(&["tenant", "set", "demo", "--language", "inherit"]);
    is_spoken_to_in(ENGLISH, &mut alice, &exchange);
}

#[test]
fn a_phone_hears_the_busy_tone_of_its_tenants_country() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    let mut bob = Phone::start(&exchange, "1002", ALICE, Over::Udp, true);
    bob.says(Path::new(""));
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    bob.hears_of("CALL_ESTABLISHED");
    let calls: serde_json::Value = serde_json::from_str(&exchange.operate(&["call", "list", "--json"])).expect("JSON");
    let uid = calls["calls"][0]["uid"].as_str().expect("a call is up").to_owned();
    let busy = |country: &str| {
        exchange.operate(&["tenant", "set", "demo", "--country", country]);
        exchange.operate(&["call", "play", &uid, "tone:busy:3", "--to", "caller"]);
        // A turn of the tone, whole, after what sounded before.
        let before = alice.heard(0).len() + 8_000;
        let seconds = u32::try_from(before / 8_000 + 2).expect("a short call");
        let heard = alice.heard(seconds);
        let last = &heard[before..];
        [425.0, 480.0, 620.0].map(|hertz| level(last, hertz))
    };
    let german = busy("de");
    assert!(german[0] > -25.0 && german[0] - german[1].max(german[2]) > 15.0, "{german:?}");
    // Of the United States, and it counts at once.
    let american = busy("us");
    assert!(american[1].min(american[2]) > -30.0 && american[1] - american[0] > 15.0, "{american:?}");
    alice.hangs_up();
}
