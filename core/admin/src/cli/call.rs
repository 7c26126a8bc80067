//! `strowger call`.

use std::io::Write;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{cdr, json, sound, words};
use crate::v1::call_event::Event;
use crate::v1::reply::Reply;
use crate::v1::{
    Call, CallEvent, GetCallRequest, HangupRequest, HushRequest, Inaudible, ListCallsRequest, MusicRequest,
    PauseRecordingRequest, PlayRequest, RecordingFormat, RecordingLayout, RecordingNews, ResumeRecordingRequest, Side,
    SoundPlayed, StartRecordingRequest, StopRecordingRequest, StopRequest, WatchCallsRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger call list
  strowger call watch                                   what happens from now on, until Ctrl-C
  strowger call watch --json | jq -c 'select(.ended)'
  strowger call record start 5f2c08d1a7e94b3360c4d9ab --opus --beep
  strowger call record stop 5f2c08d1a7e94b3360c4d9ab
  strowger call play 5f2c08d1a7e94b3360c4d9ab prompt:demo-echotest digits:1234 tone:busy
  strowger call play 5f2c08d1a7e94b3360c4d9ab recording:notice --to callee
  strowger call music 5f2c08d1a7e94b3360c4d9ab on moh/jazz
  strowger call hangup 5f2c08d1a7e94b3360c4d9ab --cause 16";

/// What is to be done with calls.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the calls of a tenant that are up, oldest first
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show one call, with loss, round trip and MOS of each leg up to now
    Show {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Print what happens to calls from now on, a line each
    Watch {
        /// Only this call
        uid: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Record a call as a whole: start, pause, resume, stop
    #[command(subcommand)]
    Record(Record),
    /// Play sounds to one party of a call, at once
    #[command(after_help = sound::SOUNDS)]
    Play {
        /// The call's uid
        uid: String,
        /// What, as prompt:NAME, recording:NAME, digits:600 or beep; one after the other
        #[arg(required = true, value_name = "SOUND")]
        sounds: Vec<String>,
        /// To whom; when not said, to the caller, or to whom the exchange itself has called
        #[arg(long, value_name = "WHOM")]
        to: Option<Party>,
        /// Any of these keys ends it, as 0123456789*#; while the exchange itself talks with the caller
        #[arg(long, value_name = "KEYS", default_value = "", hide_default_value = true)]
        interrupt: String,
        /// In which language, as en or de-AT; the tenant's when not said
        #[arg(long, default_value = "", hide_default_value = true)]
        language: String,
        /// Over and over, until a key or `call stop`
        #[arg(long)]
        forever: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// End what plays to one party of a call: also what its dialplan plays
    Stop {
        /// The call's uid
        uid: String,
        /// To whom it plays; as in `play` when not said
        #[arg(long, value_name = "WHOM")]
        to: Option<Party>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Begin or end music for one party of a call
    Music {
        /// The call's uid
        uid: String,
        /// Whether there is any
        switch: OnOff,
        /// A prompt, as moh/jazz, or anything that `play` plays; the tenant's music on hold when not said
        #[arg(value_name = "NAME")]
        sounds: Vec<String>,
        /// To whom; as in `play` when not said
        #[arg(long, value_name = "WHOM")]
        to: Option<Party>,
        #[command(flatten)]
        whose: Whose,
    },
    /// End a call
    Hangup {
        /// The call's uid
        uid: String,
        /// Why, by Q.850
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=127))]
        cause: u32,
        #[command(flatten)]
        whose: Whose,
    },
}

/// What is to be done with the recording of a call.
#[derive(Debug, clap::Subcommand)]
pub enum Record {
    /// Begin to record; `recording list` shows what came of it
    Start {
        /// The call's uid
        uid: String,
        /// The recording's name: 1 to 64 of a-z, 0-9 and -; what had it is replaced
        #[arg(long)]
        name: Option<String>,
        /// Opus in Ogg instead of WAV
        #[arg(long)]
        opus: bool,
        /// Both in one voice, instead of the caller left and the callee right
        #[arg(long)]
        mixed: bool,
        /// Both hear a short tone at the beginning and every 15 seconds
        #[arg(long)]
        beep: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Let it stand still, as while a card's number is said
    Pause {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Let it go on
    Resume {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// End it
    Stop {
        /// The call's uid
        uid: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Party {
    /// Who calls
    Caller,
    /// Who is called
    Callee,
}

/// Whether something is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OnOff {
    /// It begins
    On,
    /// It ends
    Off,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => list(line, console, &whose).await,
        Verb::Show { uid, whose } => {
            let tenant = line.tenant(&whose).await?;
            let call = line.calls().get(GetCallRequest { tenant, uid }).await?.into_inner();
            console.card(&call, |console| card(console, &call))?;
            cdr::legs(console, &call.legs)
        }
        Verb::Watch { uid, whose } => {
            let tenant = line.tenant(&whose).await?;
            watch(line, console, tenant, uid.unwrap_or_default()).await
        }
        Verb::Record(order) => record(line, console, order).await,
        Verb::Play { uid, sounds, to, interrupt, language, forever, whose } => {
            let (tenant, of, sounds) = (line.tenant(&whose).await?, uid.clone(), sound::read(console, &sounds)?);
            let request = PlayRequest { tenant, uid: of, side: side(to), sounds, language, interrupt, forever };
            line.calls().play(request).await?;
            heard(console, &uid, "it plays")
        }
        Verb::Stop { uid, to, whose } => {
            let request = StopRequest { tenant: line.tenant(&whose).await?, uid: uid.clone(), side: side(to) };
            line.calls().stop(request).await?;
            heard(console, &uid, "nothing plays any more")
        }
        Verb::Music { uid, switch, sounds, to, whose } => music(line, console, uid, (switch, sounds), to, &whose).await,
        Verb::Hangup { uid, cause, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.calls().hangup(HangupRequest { tenant, uid: uid.clone(), cause }).await?;
            console.say(&format!("call {uid} is hung up"), &serde_json::json!({ "hungUp": uid }))
        }
    }
}

async fn music(
    line: &Line,
    console: &mut Console,
    uid: String,
    (switch, names): (OnOff, Vec<String>),
    to: Option<Party>,
    whose: &Whose,
) -> Result<(), Failure> {
    // The name of a prompt alone will do.
    let names: Vec<_> =
        names.into_iter().map(|name| if name.contains(':') { name } else { format!("prompt:{name}") }).collect();
    let sounds = sound::read(console, &names)?;
    let (tenant, of, side) = (line.tenant(whose).await?, uid.clone(), side(to));
    match switch {
        OnOff::On => {
            line.calls().music(MusicRequest { tenant, uid: of, side, sounds }).await?;
            heard(console, &uid, "there is music")
        }
        OnOff::Off if sounds.is_empty() => {
            line.calls().hush(HushRequest { tenant, uid: of, side }).await?;
            heard(console, &uid, "the music is over")
        }
        OnOff::Off => {
            Err(Failure::Argument { name: "music", why: "`off` ends what there is, and takes no name".to_owned() })
        }
    }
}

fn side(to: Option<Party>) -> i32 {
    match to {
        None => Side::Unspecified,
        Some(Party::Caller) => Side::Caller,
        Some(Party::Callee) => Side::Callee,
    }
    .into()
}

fn heard(console: &mut Console, uid: &str, done: &str) -> Result<(), Failure> {
    console.say(&format!("call {uid}: {done}"), &serde_json::json!({ "call": uid, "done": done }))
}

async fn record(line: &Line, console: &mut Console, order: Record) -> Result<(), Failure> {
    let mut calls = line.calls();
    let (uid, name, done) = match order {
        Record::Start { uid, name, opus, mixed, beep, whose } => {
            let format = if opus { RecordingFormat::Opus } else { RecordingFormat::Wav }.into();
            let layout = if mixed { RecordingLayout::Mixed } else { RecordingLayout::Stereo }.into();
            let (tenant, name, of) = (line.tenant(&whose).await?, name.unwrap_or_default(), uid.clone());
            let request = StartRecordingRequest { tenant, uid: of, name, format, layout, beep };
            (uid, calls.start_recording(request).await?.into_inner().name, "running")
        }
        Record::Pause { uid, whose } => {
            let request = PauseRecordingRequest { tenant: line.tenant(&whose).await?, uid: uid.clone() };
            (uid, calls.pause_recording(request).await?.into_inner().name, "paused")
        }
        Record::Resume { uid, whose } => {
            let request = ResumeRecordingRequest { tenant: line.tenant(&whose).await?, uid: uid.clone() };
            (uid, calls.resume_recording(request).await?.into_inner().name, "running")
        }
        Record::Stop { uid, whose } => {
            let request = StopRecordingRequest { tenant: line.tenant(&whose).await?, uid: uid.clone() };
            (uid, calls.stop_recording(request).await?.into_inner().name, "ended")
        }
    };
    let json = serde_json::json!({ "call": uid, "recording": name, "state": done });
    console.say(&format!("the recording {name} of call {uid} is {done}"), &json)
}

async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let answer = line.calls().list(ListCallsRequest { tenant }).await?.into_inner();
    let header = ["UID", "CALLER", "CALLEE", "STATE", "WITH", "DIALPLAN", "SINCE"];
    console.table(&answer, "no calls are up", &header, |console| {
        answer
            .calls
            .iter()
            .map(|call| {
                vec![
                    call.uid.clone(),
                    words::party(call.caller.as_ref()),
                    words::party(call.callee.as_ref()),
                    words::state(call.state()).to_owned(),
                    call.targets.join(" "),
                    words::label(call.application.as_ref()),
                    console.time(call.arrived),
                ]
            })
            .collect()
    })
}

fn card(console: &Console, call: &Call) -> Vec<(&'static str, String)> {
    vec![
        ("Uid", call.uid.clone()),
        ("Tenant", call.tenant.clone()),
        ("Caller", words::party(call.caller.as_ref())),
        ("Callee", words::party(call.callee.as_ref())),
        ("State", words::state(call.state()).to_owned()),
        ("With", call.targets.join(" ")),
        ("Held by", call.held_by().map(words::side).collect::<Vec<_>>().join(" ")),
        ("Dialplan", words::label(call.application.as_ref())),
        ("Arrived", console.time(call.arrived)),
        ("Through", console.time(call.bridged)),
        ("Recording", recording(call)),
    ]
}

fn recording(call: &Call) -> String {
    let paused = if call.recording_paused { " (paused)" } else { "" };
    call.recording.as_ref().map(|name| format!("{name}{paused}")).unwrap_or_default()
}

async fn watch(line: &Line, console: &mut Console, tenant: String, uid: String) -> Result<(), Failure> {
    let mut events = line.calls().watch(WatchCallsRequest { tenant, uid }).await?.into_inner();
    while let Some(event) = events.message().await? {
        if console.json {
            writeln!(console.out, "{}", json::line(&event)?)?;
            continue;
        }
        if event.missed > 0 {
            console.note(&format!("{} events were missed: this reader was too slow", event.missed))?;
        }
        let sentence = format!("{}  {}  {}", console.clock(event.at), event.uid, describe(&event));
        console.say(&sentence, &serde_json::Value::Null)?;
        console.out.flush()?;
    }
    console.note("the server ended the watch")
}

fn describe(event: &CallEvent) -> String {
    match &event.event {
        Some(Event::Arrived(arrived)) => {
            let (caller, callee) = (words::party(arrived.caller.as_ref()), words::party(arrived.callee.as_ref()));
            format!("arrived: {caller} calls {callee}, from {}", arrived.source)
        }
        Some(Event::Attached(attached)) => format!("attached: {}", words::label(attached.application.as_ref())),
        Some(Event::Reply(reply)) => format!("reply: {}", reply.reply.as_ref().map(answer).unwrap_or_default()),
        Some(Event::Ringing(ringing)) => format!("ringing: {}", ringing.target),
        Some(Event::Bridged(bridged)) => format!("bridged: {}", bridged.target),
        Some(Event::Held(held)) => format!("held: by the {}", words::side(held.by())),
        Some(Event::Resumed(resumed)) => format!("resumed: by the {}", words::side(resumed.by())),
        Some(Event::Key(_)) => "key: pressed in a room".to_owned(),
        Some(Event::Speaking(speaking)) => {
            (if speaking.speaks { "speaking: in a room" } else { "silent: in a room" }).to_owned()
        }
        Some(Event::Playing(playing)) => {
            let sounds: Vec<_> = playing.sounds.iter().map(sound_played).collect();
            let forever = if playing.forever { ", over and over" } else { "" };
            format!("playing: to the {}, {}{forever}", words::side(playing.to()), sounds.join(", "))
        }
        Some(Event::Played(end)) => {
            let (to, how) = (words::side(end.to()), words::play_end(end.by()));
            let fault = end.fault.as_ref().map(|fault| format!(", {}", inaudible(fault))).unwrap_or_default();
            format!("played: to the {to}, {how}{fault}")
        }
        Some(Event::MessageRecording(news)) => format!("recording of the caller: {}", tape(news)),
        Some(Event::Recording(news)) => format!("recording: {}", tape(news)),
        Some(Event::SpendingSoonOver(news)) => {
            format!("what may be spent is nearly spent: it ends within {} s", news.left.map_or(0, |left| left.seconds))
        }
        Some(Event::RoomRecorded(news)) => format!("recording of the room: {}", tape(news)),
        Some(Event::Ended(ended)) => {
            let (cause, by) = (words::cause(ended.cause), words::side(ended.by()));
            format!("ended: {cause}, by the {by}, status {}", ended.status)
        }
        None => "something that this version does not know".to_owned(),
    }
}

fn sound_played(sound: &SoundPlayed) -> String {
    let kind = words::sound_kind(sound.kind());
    sound.name.as_ref().map_or(kind.to_owned(), |name| format!("{kind} {name}"))
}

fn tape(news: &RecordingNews) -> String {
    let state = format!("{}, {}", words::recording_state(news.state()), news.name);
    news.fault.as_ref().map_or(state.clone(), |fault| format!("{state}: {}", inaudible(fault)))
}

fn inaudible(inaudible: &Inaudible) -> String {
    let parts = [inaudible.name.as_deref(), inaudible.why.as_deref()].into_iter().flatten();
    parts.fold(words::audio_fault(inaudible.fault()).to_owned(), |text, part| format!("{text} {part}"))
}

fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Done(_) => "done".to_owned(),
        Reply::LastDial(facts) => {
            let status = facts.status.map_or("none".to_owned(), |status| status.to_string());
            format!(
                "of the last dial: status {status}{}",
                facts.trunk.as_ref().map(|trunk| format!(" over {trunk}")).unwrap_or_default()
            )
        }
        Reply::Dialled(dialled) => {
            let outcome = words::outcome(dialled.outcome());
            match (&dialled.target, dialled.status) {
                (Some(target), _) => format!("dialled, {outcome} by {target}"),
                (None, Some(status)) => format!("dialled, {outcome} with {status}"),
                (None, None) => format!("dialled, {outcome}"),
            }
        }
        Reply::Ended(ended) => format!("ended, {}", words::cause(ended.cause)),
        Reply::Refused(refused) => format!("refused, {}", words::refusal(refused.refusal())),
        Reply::Played(played) => match &played.key {
            Some(key) => format!("played, ended by {key}"),
            None => "played".to_owned(),
        },
        Reply::Read(read) => {
            let (count, by) = (read.count, words::read_end(read.by()));
            let keys = if count == 1 { "key" } else { "keys" };
            format!("read, {count} {keys}, {by} {}", read.key.as_deref().unwrap_or_default()).trim_end().to_owned()
        }
        Reply::Recorded(recorded) => format!("recorded, {}, {}", recorded.name, words::length(recorded.length)),
        Reply::Recording(recording) => format!("recording, {}", recording.name),
        Reply::Inaudible(fault) => format!("inaudible, {}", inaudible(fault)),
    }
}
