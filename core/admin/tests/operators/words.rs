//! `switch` and `call.proto` are one vocabulary in two spellings.

use admin::v1::FILE_DESCRIPTOR_SET;
use prost_reflect::DescriptorPool;

const EVENT: &str = include_str!("../../../switch/src/event.rs");
const COMMAND: &str = include_str!("../../../switch/src/command.rs");
const AUDIO: &str = include_str!("../../../switch/src/audio.rs");
const ROOM: &str = include_str!("../../../switch/src/room.rs");
const MAILBOX: &str = include_str!("../../../switch/src/mailbox.rs");
const MAILBOX_SETTINGS: &str = include_str!("../../../store/src/mailbox_settings.rs");
const LETTERS: &str = include_str!("../../../store/src/letters.rs");
const LIVE: &str = include_str!("../../src/live.rs");
const RECORD: &str = include_str!("../../../switch/src/record.rs");
const TRUNK: &str = include_str!("../../../switch/src/trunk/mod.rs");
const NUMBER: &str = include_str!("../../../switch/src/number.rs");
const PLAN: &str = include_str!("../../../switch/src/plan.rs");
const SPENDING: &str = include_str!("../../../switch/src/spending/mod.rs");

/// The names of an enum's variants, in their order, as its source spells them.
fn variants(source: &str, name: &str) -> Vec<String> {
    let (_, rest) = source.split_once(&format!("pub enum {name} {{\n")).expect(name);
    let (body, _) = rest.split_once("\n}\n").expect("an end");
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

fn camel(words: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase();
    words.split('_').map(capital).collect()
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn oneof(message: &str, name: &str) -> Vec<String> {
    let message = pool().get_message_by_name(&format!("strowger.admin.v1.{message}")).unwrap();
    let oneof = message.oneofs().find(|oneof| oneof.name() == name).unwrap();
    oneof.fields().map(|field| camel(field.name())).collect()
}

fn values(name: &str, prefix: &str) -> Vec<String> {
    let spelt = pool().get_enum_by_name(&format!("strowger.admin.v1.{name}")).unwrap();
    let values = spelt.values().map(|value| camel(value.name().strip_prefix(prefix).expect("the prefix")));
    values.filter(|value| value != "Unspecified").collect()
}

/// The sounds that operators can name. What only voicemail says is told as a recording, a time or a number.
fn sounds() -> Vec<String> {
    let own = ["Passage", "Moment", "Length"];
    variants(AUDIO, "Sound").into_iter().filter(|sound| !own.contains(&sound.as_str())).collect()
}

#[test]
fn every_event_has_its_name_in_the_api() {
    assert_eq!(oneof("CallEvent", "event"), variants(EVENT, "Event"));
    assert_eq!(oneof("Reply", "reply"), variants(EVENT, "Reply"));
    assert_eq!(values("DialOutcome", "DIAL_OUTCOME_"), variants(EVENT, "DialOutcome"));
    assert_eq!(values("Refusal", "REFUSAL_"), variants(EVENT, "Refusal"));
    assert_eq!(values("ReadEnd", "READ_END_"), variants(AUDIO, "Ended"));
    assert_eq!(values("AudioFault", "AUDIO_FAULT_"), variants(AUDIO, "AudioError"));
    assert_eq!(values("PlayEnd", "PLAY_END_"), variants(EVENT, "PlayEnd"));
    assert_eq!(values("SoundKind", "SOUND_KIND_"), sounds());
    assert_eq!(values("Side", "SIDE_"), variants(EVENT, "Side"));
    assert_eq!(values("RecordingState", "RECORDING_STATE_"), variants(EVENT, "RecordingState"));
    assert_eq!(values("RecordingFormat", "RECORDING_FORMAT_"), variants(AUDIO, "RecordingFormat"));
    assert_eq!(values("RecordingLayout", "RECORDING_LAYOUT_"), variants(AUDIO, "RecordingLayout"));
}

#[test]
fn every_command_of_the_api_has_its_name_in_the_exchange() {
    let calls = pool().get_service_by_name("strowger.admin.v1.CallService").unwrap();
    // An application waits for what it plays, and cannot stop it itself.
    let looking = ["List", "Get", "Watch", "Stop"];
    let names = calls.methods().map(|method| method.name().to_owned());
    let commands: Vec<_> = names.filter(|name| !looking.contains(&name.as_str())).collect();
    let expected =
        ["StartRecording", "PauseRecording", "ResumeRecording", "StopRecording", "Play", "Music", "Hush", "Hangup"];
    assert_eq!(commands, expected);
    let known = variants(COMMAND, "Command");
    assert!(commands.iter().all(|command| known.contains(command)), "{commands:?} in {known:?}");
}

#[test]
fn every_sound_and_tone_has_its_name_in_the_api() {
    let mut said = oneof("Sound", "sound");
    // A short spelling of the tone.
    said.retain(|sound| sound != "Beep");
    let mut known = sounds();
    said.sort();
    known.sort();
    assert_eq!(said, known);
    assert_eq!(values("Tone", "TONE_"), variants(AUDIO, "Tone"));
}

#[test]
fn every_word_of_a_room_has_its_name_in_the_api() {
    assert_eq!(oneof("RoomEvent", "event"), variants(ROOM, "RoomEvent"));
    assert_eq!(values("Role", "ROLE_"), variants(ROOM, "Role"));
    assert_eq!(values("Left", "LEFT_"), variants(ROOM, "Left"));
    assert_eq!(values("NotReached", "NOT_REACHED_"), variants(ROOM, "NotReached"));
    let rooms = pool().get_service_by_name("strowger.admin.v1.RoomService").unwrap();
    let others = ["Create", "Get", "List", "Update", "Delete", "ListOpen", "GetOpen", "Watch"];
    let names = rooms.methods().map(|method| method.name().to_owned());
    let orders: Vec<_> = names.filter(|name| !others.contains(&name.as_str())).collect();
    assert_eq!(orders, variants(ROOM, "RoomOrder"));
}

#[test]
fn every_word_of_a_mailbox_has_its_name_in_the_api() {
    assert_eq!(values("Folder", "FOLDER_"), variants(MAILBOX, "Folder"));
    assert_eq!(values("Greeting", "GREETING_"), variants(MAILBOX, "Greeting"));
    assert_eq!(values("VoicemailReason", "VOICEMAIL_REASON_"), variants(MAILBOX, "Reason"));
    assert_eq!(values("MailForm", "MAIL_FORM_"), variants(MAILBOX_SETTINGS, "MailForm"));
    assert_eq!(values("LetterKind", "LETTER_KIND_"), variants(LETTERS, "LetterKind"));
    assert_eq!(oneof("MailboxEvent", "event"), variants(LIVE, "MailboxEvent"));
}

#[test]
fn every_word_of_a_record_has_its_name_in_the_api() {
    assert_eq!(values("Disposition", "DISPOSITION_"), variants(RECORD, "Disposition"));
    assert_eq!(values("RecordingKind", "RECORDING_KIND_"), variants(RECORD, "RecordingKind"));
    assert_eq!(values("CallDirection", "CALL_DIRECTION_"), variants(RECORD, "CallDirection"));
    assert_eq!(values("Direction", "DIRECTION_"), variants(RECORD, "Direction"));
}

#[test]
fn every_word_of_trunks_and_numbers_has_its_name_in_the_api() {
    assert_eq!(values("GatewayChoice", "GATEWAY_CHOICE_"), variants(TRUNK, "Choice"));
    assert_eq!(values("HashOver", "HASH_OVER_"), variants(TRUNK, "HashOver"));
    assert_eq!(values("GatewayRule", "GATEWAY_RULE_"), variants(TRUNK, "GatewayRule"));
    assert_eq!(values("GatewayState", "GATEWAY_STATE_"), variants(TRUNK, "GatewayState"));
    assert_eq!(values("TrunkRegistered", "TRUNK_REGISTERED_"), variants(TRUNK, "Registered"));
    assert_eq!(values("KeyForm", "KEY_FORM_"), variants(TRUNK, "KeyForm"));
    assert_eq!(values("NumberStyle", "NUMBER_STYLE_"), variants(TRUNK, "NumberStyle"));
    assert_eq!(values("FromForm", "FROM_FORM_"), variants(TRUNK, "FromForm"));
    assert_eq!(values("CallerAssertion", "CALLER_ASSERTION_"), variants(TRUNK, "Assert"));
    assert_eq!(values("PrivacyForm", "PRIVACY_FORM_"), variants(TRUNK, "PrivacyForm"));
    assert_eq!(values("EarlyMedia", "EARLY_MEDIA_"), variants(TRUNK, "EarlyMedia"));
    assert_eq!(values("ReliableProvisional", "RELIABLE_PROVISIONAL_"), variants(TRUNK, "Reliable"));
    assert_eq!(values("NumberClass", "NUMBER_CLASS_"), variants(NUMBER, "NumberClass"));
    assert_eq!(values("SpendingLimit", "SPENDING_LIMIT_"), variants(SPENDING, "Limit"));
    for message in ["Number", "CreateNumberRequest", "UpdateNumberRequest"] {
        assert_eq!(oneof(message, "leads_to"), variants(PLAN, "DidTarget"));
    }
    // Of the notices those that are a trunk's or a payer's.
    let told = ["Registration", "Gateway", "Attempt", "SpendingNear", "SpendingOver"];
    assert_eq!(oneof("TrunkEvent", "event"), told);
    let known = variants(RECORD, "Notice");
    assert!(told.iter().all(|event| known.iter().any(|notice| notice == event)), "{known:?}");
}
