//! Voicemail with real phones: words are left, the lamp is lit, and the owner hears them by the keys of his phone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::Codec;
use store::{MailboxSettings, NewMailbox, Store, StoredMessage};
use switch::{Folder, Greeting, TenantId};
use tokio::runtime::Runtime;

use crate::harness::{Exchange, Over, Plan, prompts, until};
use crate::lane::Lane;
use crate::listener::Listener;
use crate::phone::Phone;
use crate::sipp::Sipp;
use crate::speaking::{best, keep, power};
use crate::tone;

const SILENT: f64 = 60.0;
/// Half a second.
const PIECE: usize = 4_000;
/// What is said, in seconds from the begin of a call.
const SAID: u32 = 10;

/// Each user has a mailbox.
pub(crate) fn boxes(settings: MailboxSettings) -> impl FnOnce(&Runtime, &Store, TenantId) {
    move |runtime, store, tenant| {
        runtime.block_on(async {
            for user in store.users(tenant).list().await.expect("users") {
                let (Some(name), owner) = (user.extension, Some(user.id)) else { continue };
                let new = NewMailbox { name, owner, settings: settings.clone(), ..NewMailbox::default() };
                store.mailboxes(tenant).create(new).await.expect("a mailbox");
            }
        });
    }
}

pub(crate) fn office(settings: MailboxSettings, own: Vec<(&'static str, String)>) -> Exchange {
    let plan = Plan { dialplan: Some("office"), ..Plan::default() };
    Exchange::prepared(Lane::take(), plan, own, boxes(settings))
}

/// Words, after two seconds in which a greeting is skipped and a tone is over.
fn speech(exchange: &Exchange) -> PathBuf {
    let words = prompts().join("en/demo-congrats.wav");
    assert!(words.is_file(), "{} is not there: run `cargo xtask prompts`", words.display());
    let path = exchange.path("speech.wav");
    let whole = [vec![0.0; 2 * tone::RATE as usize], tone::read(&words)].concat();
    tone::save(&path, &whole[..(SAID * tone::RATE) as usize]);
    path
}

/// A phone that leaves this at a mailbox, and hangs up.
pub(crate) fn leaves(exchange: &Exchange, phone: &mut Phone, mailbox: &str, seconds: u64) {
    phone.calls(&format!("sip:*99{mailbox}@{}", exchange.address(Over::Udp)));
    // The greeting is skipped.
    phone.presses("#");
    std::thread::sleep(Duration::from_secs(seconds));
    phone.hangs_up();
}

fn one(exchange: &Exchange, mailbox: &str, folder: Folder) -> StoredMessage {
    exchange.messages(mailbox, folder, 1).remove(0)
}

/// The same words are there, somewhere: of half seconds with a voice in them, the worst but two.
fn likeness(said: &[f64], heard: &[f64]) -> f64 {
    let voiced = |start: &usize| power(&said[*start..start + PIECE]) > 300.0;
    let starts: Vec<usize> = (24_000..said.len() - PIECE).step_by(PIECE).filter(voiced).collect();
    assert!(starts.len() > 5, "too little is said");
    // Where the words are that are said in the middle, the others are not far.
    let middle = starts[starts.len() / 2];
    let (_, place) = best(heard, 0..heard.len() - PIECE, &said[middle..middle + PIECE]);
    let like = |start: &usize| {
        let about = (place + start).saturating_sub(middle);
        let last = heard.len() - PIECE;
        best(heard, about.saturating_sub(800).min(last)..(about + 800).min(last), &said[*start..start + PIECE]).0
    };
    let mut likeness: Vec<f64> = starts.iter().map(like).collect();
    likeness.sort_by(f64::total_cmp);
    likeness[2]
}

#[test]
fn a_spoken_message_is_left_the_lamp_is_lit_and_its_owner_hears_it_as_it_was_said() {
    let exchange = office(MailboxSettings { envelope: false, ..MailboxSettings::default() }, Vec::new());
    let lamp = Sipp::plays(&exchange, "subscribe").by("1002").to("1002").start();
    let mut alice = Phone::start(&exchange, "1001", SILENT, Over::Udp, false);
    let mut bob = Phone::start(&exchange, "1002", SILENT, Over::Udp, false);
    bob.says(Path::new(""));
    let speech = speech(&exchange);
    alice.says(&speech);
    exchange.bindings(2);
    lamp.sees("Voice-Message: 0/0");
    leaves(&exchange, &mut alice, "1002", u64::from(SAID));
    // The lamp is lit, and the subscription then ended by its phone.
    lamp.succeeds();
    let left = one(&exchange, "1002", Folder::New);
    assert!(left.length > Duration::from_secs(6) && left.caller == "1001", "{left:?}");
    let said = tone::read(&speech);
    let kept = exchange.path(&format!("data/tenants/1/recordings/{}.wav", left.recording));
    let on_disk = tone::read(&kept);
    assert!(likeness(&said, &on_disk) > 0.99, "{:.3}", likeness(&said, &on_disk));
    // His own phone needs no PIN where there is none; 1 is for new messages.
    bob.calls(&format!("sip:*97@{}", exchange.address(Over::Udp)));
    std::thread::sleep(Duration::from_secs(1));
    bob.presses("1");
    until("bob hears what alice said", Duration::from_secs(40), || {
        let heard = bob.heard_by_now();
        (heard.len() > PIECE * 8 && likeness(&said, &heard) > 0.97).then_some(())
    });
    // The end of it too.
    std::thread::sleep(Duration::from_secs(2));
    keep("message", &said, &bob.heard_by_now());
    // 7 deletes it: the lamp of his phone would go out.
    bob.presses("7");
    let thrown = one(&exchange, "1002", Folder::Deleted);
    assert_eq!(thrown.id, left.id);
    bob.hangs_up();
    assert!(exchange.cdrs(2).iter().all(|cdr| cdr.disposition == "answered" && cdr.fallback.is_none()));
}

#[test]
fn who_does_not_answer_is_spoken_for_by_his_mailbox_and_another_phone_hears_it_by_the_pin() {
    let exchange = office(MailboxSettings::default(), Vec::new());
    exchange.operate(&["mailbox", "pin", "1002", "--pin", "471100"]);
    let mut alice = Phone::start(&exchange, "1001", 880.0, Over::Udp, false);
    exchange.bindings(1);
    // Nobody has registered as 1002.
    alice.calls(&format!("sip:1002@{}", exchange.address(Over::Udp)));
    alice.presses("#");
    std::thread::sleep(Duration::from_secs(5));
    alice.hangs_up();
    let left = one(&exchange, "1002", Folder::New);
    assert_eq!(left.reason, "offline");
    // By the number of the mailbox and its PIN; that was given, and must be changed.
    alice.calls(&format!("sip:*98@{}", exchange.address(Over::Udp)));
    for keys in ["1002#", "471100#", "908172#", "908172#"] {
        std::thread::sleep(Duration::from_secs(1));
        alice.presses(keys);
    }
    until("the PIN is changed", Duration::from_secs(20), || {
        let shown = exchange.operate(&["mailbox", "show", "1002", "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        (shown["pin"].as_str() == Some("MAILBOX_PIN_CHOSEN")).then_some(())
    });
    std::thread::sleep(Duration::from_secs(1));
    alice.presses("1");
    let before = alice.heard_by_now().len();
    until("the message is heard", Duration::from_secs(40), || {
        let heard = alice.heard_by_now();
        let last = heard.get(before..)?.windows(4_000).step_by(2_000).any(|piece| tone::level(piece, 880.0) > -12.0);
        last.then_some(())
    });
    // Who hears a moment of it has not heard it.
    std::thread::sleep(Duration::from_secs(2));
    alice.hangs_up();
    let saved = one(&exchange, "1002", Folder::Saved);
    assert_eq!(saved.id, left.id, "what was heard is saved");
}

/// Which of these tones were heard one after the other, each for at least half a second.
fn tones_in(heard: &[f64], tones: &[f64]) -> Vec<f64> {
    const STEP: usize = 800;
    let (mut found, mut last, mut run) = (Vec::new(), None, 0);
    for piece in heard.chunks_exact(STEP) {
        let loud = |tone: &f64| tone::level(piece, *tone) > -14.0;
        let now = tones.iter().copied().find(loud);
        run = if now == last { run + 1 } else { 1 };
        last = now;
        if let (Some(tone), 5) = (now, run) {
            found.push(tone);
        }
    }
    found
}

#[test]
fn a_caller_and_an_owner_hear_the_right_prompts_one_after_the_other() {
    const GREETING: [f64; 3] = [500.0, 700.0, 900.0];
    const COUNTS: [f64; 3] = [1_100.0, 1_300.0, 1_500.0];
    const GOODBYE: f64 = 1_700.0;
    let exchange = office(MailboxSettings::default(), Vec::new());
    let names = ["vm-theperson", "vm-isunavail", "vm-intro", "vm-youhave", "vm-inbox", "vm-message", "vm-goodbye"];
    let all: Vec<f64> = GREETING.into_iter().chain(COUNTS).chain([GOODBYE]).collect();
    for (name, tone) in names.into_iter().zip(&all) {
        exchange.tenant_says(&format!("en/{name}"), *tone);
    }
    let mut alice = Phone::start(&exchange, "1001", SILENT, Over::Udp, false);
    exchange.bindings(1);
    alice.calls(&format!("sip:*991002@{}", exchange.address(Over::Udp)));
    let greeted = until("alice is greeted", Duration::from_secs(25), || {
        let heard = tones_in(&alice.heard_by_now(), &all);
        (heard.len() >= GREETING.len()).then_some(heard)
    });
    assert_eq!(greeted, GREETING, "that he is away, by his number, and what to do");
    // Her tone is the message.
    std::thread::sleep(Duration::from_secs(4));
    alice.hangs_up();
    one(&exchange, "1002", Folder::New);
    let mut bob = Phone::start(&exchange, "1002", SILENT, Over::Udp, false);
    exchange.bindings(2);
    bob.calls(&format!("sip:*97@{}", exchange.address(Over::Udp)));
    let counted = until("bob is told what there is", Duration::from_secs(25), || {
        let heard = tones_in(&bob.heard_by_now(), &all);
        (heard.len() >= COUNTS.len()).then_some(heard)
    });
    assert_eq!(counted[..COUNTS.len()], COUNTS, "you have one new message");
    bob.presses("#");
    bob.hears_of("CALL_CLOSED");
    assert_eq!(tones_in(&bob.heard_by_now(), &all).last(), Some(&GOODBYE));
}

/// How many moments of a recording it is killed at.
const MOMENTS: usize = 100;
/// Callers at once.
const CALLERS: [&str; 4] = ["1001", "1002", "1003", "trap"];

#[test]
fn kill_9_at_a_hundred_moments_of_recording_leaves_what_was_said_so_far_and_no_mailbox_broken() {
    let settings = MailboxSettings { shortest: Duration::ZERO, max_messages: 9_999, ..MailboxSettings::default() };
    let mut exchange = office(settings, Vec::new());
    // A greeting that is over at once.
    let greeting = "vm-0123456789abcdef0123456789abcdef";
    let folder = exchange.path("data/tenants/1/recordings");
    std::fs::create_dir_all(&folder).expect("a folder");
    tone::save(&folder.join(format!("{greeting}.wav")), &[0.0; 400]);
    exchange.furnish(async |store, tenant| {
        let set = store.mailboxes(tenant).greet("1002", Greeting::Temporary, Some(greeting)).await;
        set.expect("a greeting");
    });
    exchange.kill();
    exchange.start_again();
    let parts = || -> BTreeMap<String, u64> {
        let files = std::fs::read_dir(&folder).expect("the folder").flatten().map(|file| file.path());
        let parts = files.filter(|path| path.extension().is_some_and(|end| end == "part"));
        let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
        parts.map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), size(&path))).collect()
    };
    let (mut moments, mut kept, mut round) = (0, 0, 0_u64);
    while moments < MOMENTS {
        let mut callers = Vec::new();
        for user in CALLERS {
            let listener = Listener::start(&exchange);
            let call = Sipp::plays(&exchange, "call_until_bye").by(user).to("*991002");
            let call = call.with("rtp", &listener.port).with("unrung", "true").start();
            callers.push((listener, call));
        }
        for (listener, call) in &mut callers {
            listener.speaks(Codec::Pcma, 880.0, call.media_port());
        }
        until("all are recorded", Duration::from_secs(20), || (parts().len() == CALLERS.len()).then_some(()));
        // 0 to 3 s after that, each time another moment.
        std::thread::sleep(Duration::from_millis(round * 137 % 3_000));
        exchange.kill();
        let cut = parts();
        drop(callers);
        exchange.lane.free_ports();
        exchange.start_again();
        until("what was cut off is settled", Duration::from_secs(20), || {
            let drafts = exchange.furnish(async |store, tenant| store.messages(tenant).drafts().await);
            drafts.expect("drafts").is_empty().then_some(())
        });
        assert_eq!(parts(), BTreeMap::new(), "nothing is half-made");
        let all = exchange.furnish(async |store, tenant| store.messages(tenant).list("1002", Folder::New).await);
        let all = all.expect("messages");
        for (name, bytes) in &cut {
            // 16,000 bytes a second behind the header.
            let said = Duration::from_millis(bytes.saturating_sub(44) / 16);
            match all.iter().find(|message| message.recording == *name) {
                Some(message) => {
                    let file = folder.join(format!("{name}.wav"));
                    let sound = tone::read(&file);
                    assert!(message.length.abs_diff(said) < Duration::from_millis(30), "{message:?} {said:?}");
                    let steady = &sound[sound.len() / 4..sound.len() * 3 / 4];
                    assert!(tone::level(steady, 880.0) > -12.0, "what was said is heard");
                    kept += 1;
                }
                // So little that nothing is said in it.
                None => assert!(said < Duration::from_millis(300), "{name} of {said:?} is lost"),
            }
            moments += 1;
        }
        round += 1;
    }
    let all = exchange.furnish(async |store, tenant| store.messages(tenant).list("1002", Folder::New).await);
    assert_eq!(all.expect("messages").len(), kept, "nothing was made up");
    assert!(kept > MOMENTS / 2, "{kept} of {moments}");
}
