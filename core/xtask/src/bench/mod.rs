//! `cargo xtask bench`: what a call, a registration, a packet and a held call cost the server, measured from outside.
//!
//! | scene | measured |
//! |---|---|
//! | calls | whole calls through two legs and a dialplan in WASM |
//! | route | the same by the built-in route, without a dialplan |
//! | trunks | calls outside by three gateways, of which one dies on the way |
//! | register | registrations with digest: 401, then 200 |
//! | relay | voice of many calls at once |
//! | transcoding | voice between PCMU and G.722, PCMU and Opus |
//! | room | conference rooms of 100 and of 1,000, and 20 of 10; three speak in each |
//! | listeners | a conference room of 200 with Opus; three speak |
//! | prompt | one prompt, played to 1,000 callers |
//! | recording | 500 callers who are recorded |
//! | messages | 500 callers who leave messages at once |
//! | lamps | 10,000 phones that are told of their lamps after a restart |
//! | memory | calls that are held |
//! | capacity | many calls a second, with sipp on the same processors |
//! | start | from the start of the program until it listens |
//! | micro | reading messages |
//!
//! Processor time is what the kernel accounts to the server, so that it counts on a machine that does other things too.

mod exchange;
mod figures;
mod machine;
mod micro;
mod phones;
mod relay;
mod room;
mod transcoding;
mod trunks;
mod voicemail;

use std::path::PathBuf;
use std::time::Duration;

use crate::debian::{self, Need};
use crate::guests;
use crate::place::Place;
use crate::prompts;
use crate::tool::{self, Fault, Outcome, Told as _, fail, say};
use exchange::{Exchange, Folder};
use figures::Figure;
use machine::{Machine, Spent, Window};
use phones::{Flood, Phones, Tally};
use relay::Codec;

const SCENES: &[&str] = &[
    "calls",
    "route",
    "trunks",
    "register",
    "relay",
    "transcoding",
    "room",
    "listeners",
    "prompt",
    "recording",
    "messages",
    "lamps",
    "memory",
    "capacity",
    "start",
    "micro",
];
/// The callee is there for so long before it is hung up on.
const HOLD: Duration = Duration::from_millis(200);
/// Beyond the time that a run should take.
const GRACE: Duration = Duration::from_secs(60);

/// How much is done.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    scenes: Vec<String>,
    json: bool,
    /// Another build of the server, to compare.
    program: Option<PathBuf>,
    runs: usize,
    seconds: u32,
    capacity_seconds: u32,
    held: u32,
    users: usize,
}

fn wish(words: &[String]) -> Outcome<Wish> {
    let quick = words.iter().any(|word| word == "--quick");
    let json = words.iter().any(|word| word == "--json");
    let (runs, seconds, capacity_seconds, held, users) =
        if quick { (1, 3, 10, 500, 20) } else { (3, 10, 60, 2000, 200) };
    let (mut scenes, mut program) = (Vec::new(), None);
    let mut words = words.iter().filter(|word| !matches!(word.as_str(), "--quick" | "--json"));
    while let Some(word) = words.next() {
        if word == "--program" {
            let path = words.next().ok_or_else(|| Fault::Usage("--program needs a file".to_owned()))?;
            program = Some(std::path::absolute(path).told(|| format!("cannot find {path}"))?);
            continue;
        }
        if !SCENES.contains(&word.as_str()) {
            return Err(Fault::Usage(format!("`bench` knows no `{word}`; its scenes are {}", SCENES.join(", "))));
        }
        scenes.push(word.clone());
    }
    if scenes.is_empty() {
        scenes = SCENES.iter().map(|scene| (*scene).to_owned()).collect();
    }
    Ok(Wish { scenes, json, program, runs, seconds, capacity_seconds, held, users })
}

/// Builds, measures, and shows.
pub(crate) fn bench(place: &Place, words: &[String]) -> Outcome {
    let wish = wish(words)?;
    if wish.json {
        tool::speak_aside();
    }
    debian::ensure(&[Need::program("sipp", "sip-tester")])?;
    let guests = guests::guests(place)?;
    let program = match &wish.program {
        Some(program) => program.clone(),
        None => {
            let mut build = place.cargo();
            tool::run(build.args(["build", "--locked", "--release", "--package", "server", "--bin", "strowger"]))?;
            place.target.join("release/strowger")
        }
    };
    let before = machine::load();
    let (folder, callee) = (Folder::make()?, phones::free_port(exchange::CALLEE)?);
    let bench = Bench { place, program, folder, dialplan: guests.join("office.wasm"), callee, wish };
    let figures = bench.all()?;
    let (machine, after) = (Machine::here(), machine::load());
    #[allow(clippy::print_stdout, reason = "it is what was asked for")]
    if bench.wish.json {
        println!("{}", figures::json(&machine, [&before, &after], &figures));
    } else {
        println!(
            "\n{}, {} cores, {} GiB, Linux {}; load {before} before, {after} after\n\n{}",
            machine.processor,
            machine.cores,
            machine.memory_gib,
            machine.kernel,
            figures::table(&figures)
        );
    }
    Ok(())
}

struct Bench<'a> {
    place: &'a Place,
    program: PathBuf,
    folder: Folder,
    dialplan: PathBuf,
    callee: u16,
    wish: Wish,
}

/// What one of so many costs, in percent of a core.
#[allow(clippy::cast_precision_loss, reason = "a thousand at most")]
fn each(spent: Spent, of: usize) -> f64 {
    100.0 * spent.server / spent.wall / of as f64
}

/// A server with its phones.
struct Stage {
    exchange: Exchange,
    phones: Phones,
}

impl Bench<'_> {
    fn all(&self) -> Outcome<Vec<Figure>> {
        // The first start makes the database.
        let exchange = Exchange::start(&self.program, &self.folder)?;
        say(format!("a tenant, {} users and a dialplan", self.wish.users + 1));
        exchange.furnish(self.wish.users)?;
        exchange.upload(&self.dialplan)?;
        drop(exchange);
        let mut figures = Vec::new();
        for scene in &self.wish.scenes {
            say(format!("bench: {scene}"));
            let more = match scene.as_str() {
                "calls" => self.calls(true)?,
                "route" => self.calls(false)?,
                "trunks" => self.trunks()?,
                "register" => self.register()?,
                "relay" => self.relay()?,
                "transcoding" => self.transcoding()?,
                "room" => self.room()?,
                "listeners" => self.listeners()?,
                "prompt" => self.prompt()?,
                "recording" => self.recording()?,
                "messages" => self.messages()?,
                "lamps" => self.lamps()?,
                "memory" => self.memory()?,
                "capacity" => self.capacity()?,
                "start" => self.start()?,
                _ => micro::micro(self.place)?,
            };
            for figure in &more {
                say(format!("{}: {} {} {}", figure.what, figure.median(), figure.unit, figure.note));
            }
            figures.extend(more);
        }
        Ok(figures)
    }

    /// A server of its own for each scene: none inherits the memory or the timers of another.
    fn stage(&self) -> Outcome<Stage> {
        let exchange = Exchange::start(&self.program, &self.folder)?;
        let phones = Phones::new(&self.folder, &exchange, self.wish.users, self.callee)?;
        Ok(Stage { exchange, phones })
    }

    fn calls(&self, dialplan: bool) -> Outcome<Vec<Figure>> {
        let stage = self.stage()?;
        if !dialplan {
            stage.exchange.deactivate()?;
        }
        let mut figures = Vec::new();
        for rate in [200, 600] {
            let (key, what, target) = if dialplan {
                ("calls", "a whole call with its WASM dialplan", Some(0.25))
            } else {
                ("route", "a whole call by the built-in route", None)
            };
            let what = format!("{what}, {rate} calls/s");
            let mut figure = Figure::new(&format!("{key}.{rate}"), &what, "ms CPU", target);
            let mut told = Told::default();
            for _ in 0..self.wish.runs {
                let flood = Flood { rate, calls: rate * self.wish.seconds, hold: HOLD };
                let (tally, spent) = stage.flood(flood)?;
                figure.values.push(1000.0 * spent.server / f64::from(tally.done.max(1)));
                told.add(tally, spent);
            }
            figure.note = told.note();
            figures.push(figure);
        }
        if !dialplan {
            stage.exchange.upload(&self.dialplan)?;
        }
        Ok(figures)
    }

    fn trunks(&self) -> Outcome<Vec<Figure>> {
        let rate = trunks::RATE;
        let what = format!("calls lost of {rate}/s by three gateways, one of which dies, beyond those that it had");
        let mut lost = Figure::new("trunks.lost", &what, "calls", Some(0.0));
        let mut cpu = Figure::new("trunks.cpu", "a whole call outside, then", "ms CPU", None);
        let (mut told, mut failed, mut held) = (Told::default(), 0, 0);
        for _ in 0..self.wish.runs {
            let stage = self.stage()?;
            stage.exchange.deactivate()?;
            let run = trunks::flood(&stage, self.wish.seconds);
            stage.exchange.upload(&self.dialplan)?;
            let trunks::Lost { tally, spent, on_the_wire } = run?;
            lost.values.push(tally.failed.saturating_sub(on_the_wire).into());
            cpu.values.push(1000.0 * spent.server / f64::from(tally.done.max(1)));
            (failed, held) = (failed + tally.failed, held + on_the_wire);
            told.add(tally, spent);
        }
        lost.note = format!("{failed} failed of {held} that the gateway had when it died");
        cpu.note = told.note();
        Ok(vec![lost, cpu])
    }

    fn register(&self) -> Outcome<Vec<Figure>> {
        let stage = self.stage()?;
        let mut figure = Figure::new("register", "REGISTER with digest (401, 200)", "µs CPU", Some(100.0));
        let mut told = Told::default();
        for _ in 0..self.wish.runs {
            let (rate, times) = (500, 500 * self.wish.seconds);
            let (tally, spent) = stage.while_measured(|phones| {
                phones.register(rate, times)?.wait(Duration::from_secs(self.wish.seconds.into()) + GRACE)
            })?;
            figure.values.push(1e6 * spent.server / f64::from(tally.done.max(1)));
            told.add(tally, spent);
        }
        figure.note = told.note();
        Ok(vec![figure])
    }

    fn relay(&self) -> Outcome<Vec<Figure>> {
        let mut figure = Figure::new("relay", "a million RTP packets relayed, 400 calls", "s CPU", Some(6.0));
        let mut lost = 0.0_f64;
        for _ in 0..self.wish.runs {
            let stage = self.stage()?;
            let time = Duration::from_secs(self.wish.seconds.into());
            let relayed = relay::relay(&stage.exchange, &stage.phones, 400, time)?;
            #[allow(clippy::cast_precision_loss, reason = "packets of some seconds")]
            let (sent, received) = (relayed.sent as f64, relayed.received as f64);
            figure.values.push(1e6 * relayed.spent.server / sent.max(1.0));
            lost = lost.max(100.0 * (1.0 - received / sent.max(1.0)));
        }
        figure.note = format!("at most {lost:.3} % lost");
        Ok(vec![figure])
    }

    fn transcoding(&self) -> Outcome<Vec<Figure>> {
        debian::ensure(&[Need::program("sox", "sox")])?;
        let speech = transcoding::speech(self.place, &self.folder)?;
        let mut figures = Vec::new();
        for (codec, key, name, target) in
            [(Codec::G722, "g722", "G.722", Some(0.2)), (Codec::Opus, "opus", "Opus", Some(1.2))]
        {
            let what = format!("a call of 100 between PCMU and {name}, one speaks and hears himself");
            let mut figure = Figure::new(&format!("transcoding.{key}"), &what, "% of a core", target);
            for _ in 0..self.wish.runs {
                let (stage, calls) = (self.stage()?, 100);
                let time = Duration::from_secs(self.wish.seconds.into());
                stage.exchange.permit_codec(key)?;
                let all = transcoding::transcode((&stage.exchange, &stage.phones), codec, calls, &speech, time)?;
                stage.exchange.permit_codec("inherit")?;
                figure.values.push(each(all.spent, calls));
                figure.note = format!("{:.2} % of the packets came back", 100.0 * all.share);
            }
            figures.push(figure);
        }
        Ok(figures)
    }

    fn room(&self) -> Outcome<Vec<Figure>> {
        let figure = |members: u32, target| {
            let what = format!("a member of a room of {members}, G.711, three speak");
            Figure::new(&format!("room.{members}"), &what, "% of a core", target)
        };
        let (mut hundred, mut thousand) = (figure(100, Some(0.06)), figure(1000, None));
        let what = "a member of one of 20 rooms of 10, G.711, three speak in each";
        let mut twenty = Figure::new("room.20x10", what, "% of a core", None);
        let mut gap = Figure::new("room.gap", "the longest gap in what a member of the 1,000 hears", "ms", Some(60.0));
        let keeper = Exchange::start(&self.program, &self.folder)?;
        for room in room::ROOM..room::ROOM + 20 {
            keeper.keep_room(&room.to_string())?;
        }
        drop(keeper);
        for _ in 0..self.wish.runs {
            for (rooms, members, figure) in [(1, 100, &mut hundred), (1, 1000, &mut thousand), (20, 10, &mut twenty)] {
                let stage = self.stage()?;
                let time = Duration::from_secs(self.wish.seconds.into());
                let met = room::rooms(&stage.exchange, rooms, members, time)?;
                figure.values.push(each(met.spent, rooms * members));
                figure.note = format!("{:.2} % of the packets came", 100.0 * met.share);
                if members == 1000 {
                    gap.values.push(met.gap.as_secs_f64() * 1000.0);
                }
            }
        }
        Ok(vec![hundred, thousand, gap, twenty])
    }

    fn listeners(&self) -> Outcome<Vec<Figure>> {
        let members = 200;
        let what = "a member of a room of 200, Opus, three speak and the others are muted phones";
        let mut figure = Figure::new("listeners", what, "% of a core", None);
        let mut gap = Figure::new("listeners.gap", "the longest gap in what one of them hears", "ms", None);
        debian::ensure(&[Need::program("sox", "sox")])?;
        exchange::lend_prompt(&self.folder, &prompts::ensure(self.place).join(transcoding::VOICE), "demo-echotest")?;
        let keeper = self.stage()?;
        keeper.exchange.keep_room(&room::LISTENERS.to_string())?;
        // What the exchange says to an Opus phone, said by one.
        let speech = room::overhear(&keeper.exchange, "*43", Codec::Opus, Duration::from_secs(10))?;
        drop(keeper);
        for _ in 0..self.wish.runs {
            let stage = self.stage()?;
            let time = Duration::from_secs(self.wish.seconds.into());
            let met = room::opus_room(&stage.exchange, members, &speech, time)?;
            figure.values.push(each(met.spent, members));
            figure.note = format!("{:.2} % of the packets came", 100.0 * met.share);
            gap.values.push(met.gap.as_secs_f64() * 1000.0);
        }
        Ok(vec![figure, gap])
    }

    fn prompt(&self) -> Outcome<Vec<Figure>> {
        let mut figure = Figure::new("prompt", "a caller of 1,000 who hear one prompt, G.711", "% of a core", None);
        let mut gap = Figure::new("prompt.gap", "the longest gap in what one of them hears", "ms", None);
        exchange::record_prompt(&self.folder, "demo-echotest", Duration::from_secs(60))?;
        for _ in 0..self.wish.runs {
            let (stage, callers) = (self.stage()?, 1000);
            let time = Duration::from_secs(self.wish.seconds.into());
            let met = room::callers(&stage.exchange, "*43", callers, time)?;
            figure.values.push(each(met.spent, callers));
            figure.note = format!("{:.2} % of the packets came", 100.0 * met.share);
            gap.values.push(met.gap.as_secs_f64() * 1000.0);
        }
        Ok(vec![figure, gap])
    }

    fn recording(&self) -> Outcome<Vec<Figure>> {
        let mut figure = Figure::new("recording", "a caller of 500 who are recorded, G.711, WAV", "% of a core", None);
        for _ in 0..self.wish.runs {
            let (stage, callers) = (self.stage()?, 500);
            let before = self.folder.recorded()?;
            let time = Duration::from_secs(self.wish.seconds.into());
            let met = room::callers(&stage.exchange, "*45", callers, time)?;
            figure.values.push(each(met.spent, callers));
            let megabytes = (self.folder.recorded()? - before) / 1_000_000;
            figure.note = format!("{megabytes} MB were written");
        }
        Ok(vec![figure])
    }

    fn messages(&self) -> Outcome<Vec<Figure>> {
        let mut cpu = Figure::new("messages", "a caller of 500 who leave messages at once, G.711", "% of a core", None);
        let mut gap = Figure::new("messages.gap", "the longest gap in one of the 500 messages", "ms", Some(0.0));
        let keeper = self.stage()?;
        voicemail::keep_mailbox(&keeper.exchange)?;
        drop(keeper);
        for _ in 0..self.wish.runs {
            let (stage, callers) = (self.stage()?, 500);
            let known = voicemail::messages(&self.folder);
            let time = Duration::from_secs(self.wish.seconds.into());
            let met = room::callers(&stage.exchange, &format!("*99{}", voicemail::MAILBOX), callers, time)?;
            let found = voicemail::examine(&self.folder, &known, callers, GRACE)?;
            cpu.values.push(each(met.spent, callers));
            gap.values.push(found.gap.as_secs_f64() * 1000.0);
            gap.note = format!("{} messages, the shortest of {:.2} s", found.messages, found.shortest.as_secs_f64());
        }
        Ok(vec![cpu, gap])
    }

    fn lamps(&self) -> Outcome<Vec<Figure>> {
        let (owners, subscriptions) = (400, if self.wish.runs > 1 { 10_000 } else { 1_000 });
        let what = format!("from a start until the last of {subscriptions} phones knows its lamp");
        let mut time = Figure::new("lamps", &what, "s", None);
        let mut cpu = Figure::new("lamps.cpu", "one of them", "µs CPU", None);
        let Stage { mut exchange, phones } = self.stage()?;
        voicemail::keep_owners(&exchange, self.wish.users, owners)?;
        let socket = voicemail::subscribe(&phones, owners, subscriptions)?;
        for _ in 0..self.wish.runs {
            drop(exchange);
            let lit;
            (exchange, lit) = voicemail::light(&self.program, &self.folder, &socket, subscriptions)?;
            time.values.push(lit.after.as_secs_f64());
            cpu.values.push(1e6 * lit.spent.server / f64::from(subscriptions));
            time.note = format!("{} were told", lit.told);
        }
        Ok(vec![time, cpu])
    }

    fn memory(&self) -> Outcome<Vec<Figure>> {
        let mut figure = Figure::new("memory", "memory of a held call, without voice", "kB", Some(60.0));
        let mut told = Told::default();
        for _ in 0..self.wish.runs {
            let stage = self.stage()?;
            // What is made at the first call is no call's.
            stage.flood(Flood { rate: 50, calls: 20, hold: HOLD })?;
            let (rate, calls) = (250, self.wish.held);
            let setting_up = Duration::from_secs((calls / rate).into());
            let flood = Flood { rate, calls, hold: setting_up + Duration::from_secs(8) };
            let before = machine::resident_kib(stage.exchange.pid())?;
            let (tally, spent) = stage.while_measured(|phones| {
                let _callee = phones.answer()?;
                let callers = phones.call(flood)?;
                std::thread::sleep(setting_up + Duration::from_secs(4));
                let held = machine::resident_kib(stage.exchange.pid())?;
                figure.values.push((held - before) * 1.024 / f64::from(calls));
                callers.wait(flood.hold + GRACE)
            })?;
            told.add(tally, spent);
        }
        figure.note = told.note();
        Ok(vec![figure])
    }

    fn capacity(&self) -> Outcome<Vec<Figure>> {
        let (rate, seconds) = (1500, self.wish.capacity_seconds);
        let stage = self.stage()?;
        let (tally, spent) = stage.flood(Flood { rate, calls: rate * seconds, hold: HOLD })?;
        let what = format!("{rate} calls/s for {seconds} s with sipp on the same processors");
        let mut failed = Figure::new("capacity", &what, "failed calls", Some(0.0));
        failed.values.push(tally.failed.into());
        let mut told = Told::default();
        told.add(tally, spent);
        failed.note = format!("{} done in {:.1} s; {}", tally.done, spent.wall, told.note());
        let mut cpu = Figure::new("capacity.cpu", "a whole call with its WASM dialplan, then", "ms CPU", Some(0.25));
        cpu.values.push(1000.0 * spent.server / f64::from(tally.done.max(1)));
        Ok(vec![failed, cpu])
    }

    fn start(&self) -> Outcome<Vec<Figure>> {
        let mut figure = Figure::new("start", "from start to listening", "ms", Some(300.0));
        for _ in 0..5 {
            let exchange = Exchange::start(&self.program, &self.folder)?;
            figure.values.push(exchange.started_in.as_secs_f64() * 1000.0);
        }
        Ok(vec![figure])
    }
}

impl Stage {
    /// Calls come, and somebody takes them.
    fn flood(&self, flood: Flood) -> Outcome<(Tally, Spent)> {
        self.while_measured(|phones| {
            let _callee = phones.answer()?;
            phones.call(flood)?.wait(Duration::from_secs((flood.calls / flood.rate).into()) + flood.hold + GRACE)
        })
    }

    fn while_measured(&self, load: impl FnOnce(&Phones) -> Outcome<Tally>) -> Outcome<(Tally, Spent)> {
        let window = Window::open(self.exchange.pid())?;
        let tally = load(&self.phones)?;
        // Records are written, last timers run.
        std::thread::sleep(Duration::from_millis(700));
        let spent = window.close()?;
        if tally.done == 0 {
            return fail("not one call was done: sipp's messages are in the files *.errors of its folder");
        }
        Ok((tally, spent))
    }
}

/// What several runs have in common to say.
#[derive(Debug, Default)]
struct Told {
    failed: u32,
    repeated: u32,
    others: f64,
    wall: f64,
}

impl Told {
    fn add(&mut self, tally: Tally, spent: Spent) {
        self.failed += tally.failed;
        self.repeated += tally.repeated;
        self.others += spent.others;
        self.wall += spent.wall;
    }

    fn note(&self) -> String {
        let others = self.others / self.wall.max(0.001);
        format!("{} failed, {} repeated, {others:.1} cores busy with other things", self.failed, self.repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::{SCENES, wish};

    #[test]
    fn scenes_are_chosen_by_name_and_an_unknown_one_is_refused() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(wish(&[]).unwrap().scenes, SCENES);
        let chosen = wish(&words("--quick relay start")).unwrap();
        assert_eq!((chosen.scenes, chosen.runs), (words("relay start"), 1));
        assert!(wish(&words("fast")).is_err());
    }
}
