//! One vocabulary in two spellings: the lists of names are the same, but for the exceptions that stand here.

use std::collections::BTreeSet;

const COMMAND: &str = include_str!("../../../../core/switch/src/command.rs");
const SOUND: &str = include_str!("../../../../core/switch/src/audio.rs");
const EVENT: &str = include_str!("../../../../core/switch/src/event.rs");
const TYPES: &str = include_str!("../../../../wit/types.wit");
const AUDIO: &str = include_str!("../../../../wit/audio.wit");
const ROOM: &str = include_str!("../../../../core/switch/src/room.rs");
const ROOMS: &str = include_str!("../../../../wit/rooms.wit");
const MAILBOX: &str = include_str!("../../../../core/switch/src/mailbox.rs");
const VOICEMAIL: &str = include_str!("../../../../wit/voicemail.wit");
const NUMBER: &str = include_str!("../../../../core/switch/src/number.rs");
const TRUNK: &str = include_str!("../../../../core/switch/src/trunk/mod.rs");
const NUMBERS: &str = include_str!("../../../../wit/numbers.wit");
const CALL: &str = include_str!("../../../../wit/call.wit");

type Names = BTreeSet<String>;

fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> Names {
    list.into_iter().map(str::to_owned).collect()
}

/// The lines between `opening {` and the brace that ends it, without comments.
fn block<'a>(text: &'a str, opening: &str) -> Vec<&'a str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| line.trim() != format!("{opening} {{"));
    let first = lines.next().unwrap_or_else(|| panic!("no `{opening}`"));
    lines
        .take_while(|line| indent(line) > indent(first) || line.is_empty())
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect()
}

/// The variants of a Rust enum or the fields of a struct, spelled as WIT spells them.
fn rust(text: &str, opening: &str) -> Names {
    let names = block(text, opening).into_iter().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    names
        .map(|line| line.trim().trim_start_matches("pub "))
        .map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or(""))
        .filter(|name| !name.is_empty())
        .map(kebab)
        .collect()
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    text
}

/// The cases of a WIT variant or enum, the fields of a record, the functions of a resource.
fn wit(text: &str, opening: &str) -> Names {
    // A name that is a word of WIT itself stands behind a sign; a time names its unit.
    let name = |line: &str| {
        let name = line.trim().trim_start_matches('%').split(['(', ',', ':']).next().unwrap_or("");
        name.trim_end_matches("-milliseconds").to_owned()
    };
    block(text, opening).into_iter().map(name).filter(|name| !name.is_empty()).collect()
}

fn without(mut all: Names, exceptions: &[&str]) -> Names {
    for exception in exceptions {
        assert!(all.remove(*exception), "`{exception}` is no exception any more");
    }
    all
}

#[test]
fn the_commands_of_the_exchange_are_the_functions_of_a_call() {
    // The exchange attaches before a guest runs, and the host detaches when it returns.
    let mut commands = without(rust(COMMAND, "pub enum Command"), &["attach", "detach"]);
    // The host asks it for the outcome of a call to a number.
    commands = without(commands, &["last-dial"]);
    // What a conference says to the calls of its members: a guest joins a room, and no mixer.
    let of_members = [
        "join",
        "bear",
        "whisper",
        "announce",
        "start-room-recording",
        "pause-room-recording",
        "resume-room-recording",
        "stop-room-recording",
        "leave",
    ];
    commands = without(commands, &of_members);
    // An author writes sleep where the exchange says that it waits.
    assert!(commands.remove("wait") && commands.insert("sleep".to_owned()));
    // And read-digits where it says that it reads.
    assert!(commands.remove("read") && commands.insert("read-digits".to_owned()));
    // What is known of a call is no command.
    let functions = without(wit(CALL, "resource call"), &["id", "caller", "callee", "header", "headers"]);
    assert_eq!(commands, functions);
}

#[test]
fn the_events_that_a_guest_hears_are_the_replies_and_the_end() {
    let for_watchers = [
        "arrived",
        "attached",
        "ringing",
        "bridged",
        "held",
        "resumed",
        "key",
        "speaking",
        "recording",
        "spending-soon-over",
        "room-recorded",
        "playing",
        "played",
        "message-recording",
    ];
    assert_eq!(without(rust(EVENT, "pub enum Event"), &for_watchers), names(["reply", "ended"]));
    // `ok`, `dial-outcome`, `played`, `digits`, `recorded`, a name, `audio-error`, `ending` and `error`.
    let replies =
        ["done", "dialled", "last-dial", "played", "read", "recorded", "recording", "inaudible", "ended", "refused"];
    assert_eq!(rust(EVENT, "pub enum Reply"), names(replies));
}

#[test]
fn targets_orders_outcomes_and_sides_are_the_same_lists() {
    // What a caller dialled is for the built-in route to find out.
    assert_eq!(without(rust(COMMAND, "pub enum Target"), &["dialled"]), wit(TYPES, "variant target"));
    assert_eq!(rust(COMMAND, "pub enum Order"), wit(TYPES, "enum order"));
    // Which limit it was stands in the outcome of `numbers`; in the word that was there before it is `forbidden`.
    assert_eq!(without(rust(EVENT, "pub enum DialOutcome"), &["spent"]), wit(TYPES, "variant dial-outcome"));
    assert_eq!(rust(EVENT, "pub enum Side"), wit(TYPES, "enum side"));
    assert!(wit(TYPES, "variant target").len() > 5 && wit(TYPES, "variant dial-outcome").contains("no-answer"));
}

#[test]
fn the_way_to_a_number_and_its_outcome_have_the_same_words() {
    assert_eq!(rust(COMMAND, "pub struct Outside"), wit(NUMBERS, "record way"));
    let outcome = without(wit(NUMBERS, "record outcome"), &["outcome", "spent"]);
    assert_eq!(rust(EVENT, "pub struct DialFacts"), outcome);
    assert_eq!(rust(NUMBER, "pub enum NumberClass"), wit(NUMBERS, "enum class"));
    assert_eq!(rust(TRUNK, "pub enum EarlyMedia"), wit(NUMBERS, "enum early-media"));
}

#[test]
fn refusals_are_the_errors_but_for_the_end() {
    assert_eq!(rust(EVENT, "pub enum Refusal"), without(wit(TYPES, "variant error"), &["hung-up"]));
}

#[test]
fn parties_and_endings_have_the_same_fields() {
    assert_eq!(rust(EVENT, "pub struct Party"), wit(TYPES, "record party"));
    assert_eq!(rust(EVENT, "pub struct Ending"), wit(TYPES, "record ending"));
}

#[test]
fn sounds_tones_and_what_came_of_them_are_the_same_lists() {
    for (rust_name, wit_name) in
        [("Sound", "variant sound"), ("Tone", "variant tone"), ("Played", "variant played"), ("Ended", "variant ended")]
    {
        // What the exchange's own applications play beside: a variant of the contract is never changed.
        let beside: &[&str] = if rust_name == "Sound" { &["passage", "moment", "length"] } else { &[] };
        assert_eq!(without(rust(SOUND, &format!("pub enum {rust_name}")), beside), wit(AUDIO, wit_name));
    }
    assert!(wit(AUDIO, "variant sound").len() > 8 && wit(AUDIO, "variant tone").contains("congestion"));
}

#[test]
fn faults_of_sound_are_its_errors_with_those_of_every_request() {
    let mut faults = rust(SOUND, "pub enum AudioError");
    faults.extend(wit(TYPES, "variant error"));
    assert_eq!(faults, wit(AUDIO, "variant audio-error"));
}

#[test]
fn what_is_played_read_and_recorded_has_the_same_fields() {
    // What is played stands beside how it is played.
    assert_eq!(without(rust(SOUND, "pub struct Play"), &["sounds"]), wit(AUDIO, "record play-options"));
    assert_eq!(without(rust(SOUND, "pub struct Read"), &["prompt"]), wit(AUDIO, "record read-options"));
    assert_eq!(rust(SOUND, "pub struct Record"), wit(AUDIO, "record record-options"));
    assert_eq!(rust(SOUND, "pub struct Digits"), wit(AUDIO, "record digits"));
    assert_eq!(rust(SOUND, "pub struct Recorded"), wit(AUDIO, "record recorded"));
    assert_eq!(rust(SOUND, "pub struct CallRecording"), wit(AUDIO, "record call-recording"));
    assert_eq!(rust(SOUND, "pub enum RecordingFormat"), wit(AUDIO, "enum recording-format"));
    assert_eq!(rust(SOUND, "pub enum RecordingLayout"), wit(AUDIO, "enum recording-layout"));
}

#[test]
fn rooms_are_joined_left_and_refused_by_the_same_words() {
    assert_eq!(rust(ROOM, "pub struct Wish"), wit(ROOMS, "record wish"));
    assert_eq!(rust(ROOM, "pub enum Left"), wit(ROOMS, "enum left"));
    assert_eq!(rust(ROOM, "pub enum Role"), wit(ROOMS, "enum role"));
    assert_eq!(rust(ROOM, "pub enum RoomRefusal"), without(wit(ROOMS, "variant room-error"), &["hung-up"]));
}

#[test]
fn mailboxes_are_reached_left_and_refused_by_the_same_words() {
    assert_eq!(rust(MAILBOX, "pub enum Reason"), wit(VOICEMAIL, "enum reason"));
    assert_eq!(
        without(rust(MAILBOX, "pub enum Whose"), &["of"]),
        without(wit(VOICEMAIL, "variant whose"), &["mailbox"])
    );
    assert_eq!(rust(MAILBOX, "pub enum Parted"), wit(VOICEMAIL, "enum parted"));
    assert_eq!(rust(MAILBOX, "pub enum MailboxError"), wit(VOICEMAIL, "variant voicemail-error"));
    assert_eq!(rust(MAILBOX, "pub struct Waiting"), wit(VOICEMAIL, "record waiting"));
}

#[test]
fn what_is_said_to_a_room_has_the_same_names() {
    let functions = block(ROOMS, "interface rooms").into_iter().filter(|line| line.contains(": func("));
    let function = |line: &str| line.trim().trim_start_matches('%').split(':').next().unwrap_or("").to_owned();
    let said = without(functions.map(function).collect(), &["join", "members"]);
    assert_eq!(said, rust(ROOM, "pub enum RoomOrder"));
}
