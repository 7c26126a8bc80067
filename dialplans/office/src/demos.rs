//! What an office has for those who set up phones: each is an extension that answers by itself.

use std::time::Duration;

use strowger_dialplan::{Call, Choice, Error, Menu, Record, Sound, Tone, clock, prompt, silence, tone, warn};

const ANY_KEY: &str = "0123456789*#ABCD";
/// A phone that was just answered swallows the first moment.
const BREATH: Duration = Duration::from_millis(500);
/// ITU-T O.1 and its like measure lines with a tone that falls on no whole fraction of the sampling rate.
const TEST_HERTZ: u16 = 1_004;
const TEST_TIME: Duration = Duration::from_secs(60);
const ECHO_TIME: Duration = Duration::from_secs(300);
const RECORDING_TIME: Duration = Duration::from_secs(60);
/// How long it takes to say the time, and a pause before the tone.
const SAYING_SECONDS: u64 = 12;
const TIMES_TOLD: u8 = 5;

/// What serves a call.
type Demonstration = fn(&Call) -> Result<(), Error>;

/// The demonstration behind a number, if there is one.
pub(crate) fn behind(dialled: &str) -> Option<Demonstration> {
    Some(match dialled {
        "*43" => echo_test,
        "*44" => tone_test,
        "*45" => record_and_play,
        "*60" => speaking_clock,
        _ => return None,
    })
}

fn echo_test(call: &Call) -> Result<(), Error> {
    call.answer()?;
    call.play_or_log(&[silence(BREATH), prompt("demo-echotest")])?;
    call.echo("#", ECHO_TIME)?;
    call.play_or_log(&[prompt("demo-echodone")])?;
    goodbye(call)
}

fn tone_test(call: &Call) -> Result<(), Error> {
    call.answer()?;
    call.play_until(&[tone(Tone::Test(TEST_HERTZ), TEST_TIME)], ANY_KEY)?;
    goodbye(call)
}

/// Tells a moment to come, waits for it, and marks it with a tone.
fn speaking_clock(call: &Call) -> Result<(), Error> {
    call.answer()?;
    for _ in 0..TIMES_TOLD {
        let at = (clock::now() / 1_000 + SAYING_SECONDS).next_multiple_of(10);
        let seconds = i64::try_from(at).unwrap_or_default();
        let mut told = vec![silence(BREATH), prompt("at-tone-time-exactly"), Sound::Time(seconds)];
        if seconds % 60 > 0 {
            told.extend([Sound::Number(seconds % 60), prompt("seconds")]);
        }
        if call.play_until(&told, ANY_KEY)?.is_some() {
            break;
        }
        let early = (at * 1_000).saturating_sub(clock::now());
        call.sleep(u32::try_from(early).unwrap_or_default())?;
        call.play(&[tone(Tone::Beep, Duration::from_millis(400))])?;
    }
    goodbye(call)
}

#[derive(Clone)]
enum Review {
    Keep,
    Listen,
    Again,
}

/// One recording for each caller: a new one takes the place of the old.
fn record_and_play(call: &Call) -> Result<(), Error> {
    call.answer()?;
    let name = recording_of(&call.caller().user);
    call.play_or_log(&[silence(BREATH), prompt("vm-rec-name")])?;
    let recording = Record::named(&name).limit(RECORDING_TIME);
    if let Err(Error::Unwritable(why)) = call.record(&recording) {
        warn(&format!("the demonstration cannot record: {why}"));
        call.play_or_log(&[prompt("something-terribly-wrong")])?;
        return goodbye(call);
    }
    // To keep it, to hear it, to say it anew.
    let review =
        Menu::new([prompt("vm-review")]).key('1', Review::Keep).key('2', Review::Listen).key('3', Review::Again);
    call.play(&[Sound::Recording(name.clone())])?;
    for _ in 0..10 {
        match call.choose(&review)? {
            Choice::Key(Review::Listen) => call.play(&[Sound::Recording(name.clone())])?,
            Choice::Key(Review::Again) => drop(call.record(&recording)?),
            Choice::Key(Review::Keep) => {
                call.play_or_log(&[prompt("vm-msgsaved")])?;
                break;
            }
            Choice::Number(_) | Choice::Nothing => break,
        }
    }
    goodbye(call)
}

/// No name of a recording is longer.
const LONGEST_NAME: usize = 64;

/// A recording's name holds small letters, digits and dashes, and two callers never share one: whatever else a caller's
/// name holds stands there as a dash and two hex digits, and a dash as two.
fn recording_of(caller: &str) -> String {
    let mut name = "test-".to_owned();
    for byte in caller.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => name.push(char::from(byte)),
            b'-' => name.push_str("--"),
            other => name.push_str(&format!("-{other:02x}")),
        }
    }
    if name.len() > LONGEST_NAME {
        // FNV-1a stands for the rest, behind what no name above can hold.
        let hash = caller
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        name.truncate(LONGEST_NAME - 18);
        name.push_str(&format!("-z{hash:016x}"));
    }
    name
}

fn goodbye(call: &Call) -> Result<(), Error> {
    call.play_or_log(&[prompt("vm-goodbye")])?;
    call.hangup(16)
}
