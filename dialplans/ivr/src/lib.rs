//! A voice menu that answers every call.
//!
//! | menu | key | what happens |
//! |---|---|---|
//! | language | 1 / 2 | English / German from here on; any other key or none: the tenant's language |
//! | main | an extension | it rings, with music; who is not to be had is told, and the menu said again |
//! | | 1 | the menu of date and time |
//! | | 0 | the operator |
//! | | # | goodbye |
//! | | a wrong key | told as such, and the menu said again |
//! | | no choice after three tries | the operator; goodbye where there is none |
//! | date and time | 1 / 2 | the date / the time |
//! | | * | back to the main menu |
//!
//! The operator is the extension that the value `operator` names, 0 when there is no such value. Its words are put together
//! from the English core set; a tenant's own prompts of the same names are said in their place.

use std::time::Duration;

use strowger_dialplan::{
    Call, Choice, DialOutcome, Error, Menu, Order, Sound, Target, clock, debug, directory, prompt, silence, values,
};

const RING_MILLISECONDS: u32 = 25_000;
/// A caller who only plays with the menu is let go.
const ROUNDS: u8 = 20;

fn handle(call: &Call) -> Result<(), Error> {
    call.answer()?;
    let call = &choose_language(call)?;
    let main = main_menu();
    for _ in 0..ROUNDS {
        match call.choose(&main)? {
            Choice::Number(extension) => {
                if connect(call, &extension)? {
                    return Ok(());
                }
            }
            Choice::Key(Main::DateAndTime) => date_and_time(call)?,
            Choice::Key(Main::Leave) => break,
            Choice::Key(Main::Operator) | Choice::Nothing => {
                if connect(call, &operator())? {
                    return Ok(());
                }
                break;
            }
        }
    }
    call.play_or_log(&[prompt("vm-goodbye")])?;
    call.hangup(16)
}

fn choose_language<'a>(call: &Call<'a>) -> Result<Call<'a>, Error> {
    // A phone that was just answered swallows the first moment.
    let mut said = vec![silence(Duration::from_millis(500)), prompt("hello")];
    said.extend(press(1, Sound::Spelled("en".to_owned())));
    said.extend(press(2, Sound::Spelled("de".to_owned())));
    let menu = Menu::new(said).key('1', "en").key('2', "de").wait(Duration::from_secs(3)).tries(1);
    Ok(match call.choose(&menu)? {
        Choice::Key(language) => call.speaking(language),
        Choice::Number(_) | Choice::Nothing => call.clone(),
    })
}

/// "Press 1 for" something.
fn press(key: i64, what: Sound) -> [Sound; 4] {
    [prompt("vm-press"), Sound::Number(key), prompt("for"), what]
}

#[derive(Clone)]
enum Main {
    DateAndTime,
    Operator,
    Leave,
}

fn main_menu() -> Menu<Main> {
    let mut said = vec![prompt("vm-enter-num-to-call")];
    said.extend(press(1, prompt("time")));
    said.push(prompt("vm-reachoper"));
    Menu::new(said)
        .key('1', Main::DateAndTime)
        .key('0', Main::Operator)
        .key('#', Main::Leave)
        .numbers(2..=6)
        .silent([prompt("please-try-again")])
}

#[derive(Clone)]
enum Moment {
    Date,
    Time,
    Back,
}

fn date_and_time(call: &Call) -> Result<(), Error> {
    let mut said = Vec::new();
    said.extend(press(1, prompt("digits/today")));
    said.extend(press(2, prompt("time")));
    said.push(prompt("vm-starmain"));
    let menu = Menu::new(said).key('1', Moment::Date).key('2', Moment::Time).key('*', Moment::Back);
    for _ in 0..ROUNDS {
        let now = i64::try_from(clock::now() / 1_000).unwrap_or_default();
        match call.choose(&menu)? {
            Choice::Key(Moment::Date) => call.say_date(now)?,
            Choice::Key(Moment::Time) => call.say_time(now)?,
            Choice::Key(Moment::Back) | Choice::Number(_) | Choice::Nothing => break,
        }
    }
    Ok(())
}

fn operator() -> String {
    values::get("operator").ok().flatten().unwrap_or_else(|| "0".to_owned())
}

/// Rings an extension; says whether the caller is through to it, and tells him if not.
fn connect(call: &Call, extension: &str) -> Result<bool, Error> {
    let Some(user) = directory::find(extension) else {
        debug(&format!("{extension} is nobody here"));
        call.play_or_log(&[prompt("pbx-invalid")])?;
        return Ok(false);
    };
    call.play_or_log(&[prompt("pls-hold-while-try")])?;
    match call.music(&[]) {
        // Where there is no music it rings.
        Ok(()) | Err(Error::Missing(_) | Error::Unplayable { .. }) => {}
        Err(error) => return Err(error),
    }
    let told = match call.dial(&[Target::User(user.name)], Order::AtOnce, RING_MILLISECONDS)? {
        DialOutcome::Answered(_) => return Ok(true),
        DialOutcome::Busy => "vm-isonphone",
        _ => "vm-isunavail",
    };
    call.play_or_log(&[prompt("vm-theperson"), Sound::Digits(extension.to_owned()), prompt(told)])?;
    Ok(false)
}

strowger_dialplan::dialplan!(handle);
