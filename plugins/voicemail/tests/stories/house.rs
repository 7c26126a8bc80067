//! A world with voicemail in it.
//!
//! Alice has mailbox 101 and PIN 4711, bob 102 and 4712; carol has none. What is dialled says what voicemail does:
//! `101`, `b101` and `a101` leave a message (as if nobody answered, as if busy, answered before), `*97` listens to one's own, `*98` to any, `*99` to
//! that of alice, `411` is the directory.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use switch::{Application, CallControl, Command, Failure, Folder, Label, MessageId, Reason, Running, Sound, UserId};
use testkit::{Phone, Placed, World, millis, seconds};
use tokio::sync::Notify;
use voicemail::{Config, Mailbox, Message, Parted, Voicemail, VoicemailError, Whose};

use crate::kept::{Kept, State, mailbox};

pub(crate) const PIN: &str = "4711";

type Outcomes = Arc<Mutex<Vec<Result<Parted, VoicemailError>>>>;

/// A dialplan that gives callers to voicemail.
struct Front {
    voicemail: Voicemail,
    label: Label,
    outcomes: Outcomes,
    /// Who is served is let go, as by a dialplan that breaks.
    break_off: Arc<Notify>,
}

impl Front {
    async fn serve(&self, call: &mut CallControl) -> Result<Parted, VoicemailError> {
        let dialled = call.invitation().callee.user.clone();
        match dialled.as_str() {
            "*97" => self.voicemail.listen(call, Whose::Own).await,
            // A number that the house owns, too.
            "*98" | "+4930123" => self.voicemail.listen(call, Whose::Any).await,
            "*99" => self.voicemail.listen(call, Whose::Of("101".to_owned())).await,
            "*96" => self.voicemail.listen(call, Whose::Of("999".to_owned())).await,
            "411" => self.voicemail.directory(call).await,
            answered if answered.starts_with('a') => {
                call.request(Command::Answer).await?;
                self.voicemail.leave(call, &answered[1..], Reason::NoAnswer).await
            }
            busy if busy.starts_with('b') => self.voicemail.leave(call, &busy[1..], Reason::Busy).await,
            other => self.voicemail.leave(call, other, Reason::NoAnswer).await,
        }
    }
}

impl Application for Front {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut call: CallControl) -> Running<'_> {
        Box::pin(async move {
            if call.invitation().callee.user.starts_with('r') {
                call.request(Command::Answer).await?;
                return self.voicemail.run(call).await;
            }
            let outcome = tokio::select! {
                biased;
                () = self.break_off.notified() => return Err(Failure::Broken("let go".to_owned())),
                outcome = self.serve(&mut call) => outcome,
            };
            self.outcomes.lock().expect("no panic").push(outcome);
            call.tell(Command::Detach).await?;
            Ok(())
        })
    }
}

pub(crate) struct House {
    pub(crate) world: World,
    kept: Arc<Kept>,
    outcomes: Outcomes,
    pub(crate) break_off: Arc<Notify>,
    pub(crate) alice: Phone,
    pub(crate) bob: Phone,
    pub(crate) carol: Phone,
    /// How much of what each phone was played was looked at.
    seen: Mutex<BTreeMap<SocketAddr, usize>>,
}

impl House {
    pub(crate) fn new(seed: u64) -> Self {
        Self::configured(seed, Config::default())
    }

    pub(crate) fn configured(seed: u64, config: Config) -> Self {
        let (outcomes, break_off) = (Outcomes::default(), Arc::new(Notify::new()));
        let (told, broken) = (outcomes.clone(), break_off.clone());
        Self::serving(seed, config, outcomes, break_off, move |voicemail| {
            let label = Label { name: "office".to_owned(), version: String::new() };
            Arc::new(Front { voicemail, label, outcomes: told, break_off: broken })
        })
    }

    /// Voicemail has the calls itself.
    pub(crate) fn bare(seed: u64) -> Self {
        Self::serving(seed, Config::default(), Outcomes::default(), Arc::default(), |voicemail| Arc::new(voicemail))
    }

    fn serving(
        seed: u64,
        config: Config,
        outcomes: Outcomes,
        break_off: Arc<Notify>,
        application: impl FnOnce(Voicemail) -> Arc<dyn Application>,
    ) -> Self {
        let world = World::seeded(seed);
        let kept = Arc::new(Kept::default());
        let voicemail = Voicemail::new(kept.clone(), world.clock(), config);
        world.serve(application(voicemail));
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| world.phone(user));
        {
            let mut state = kept.state();
            for (at, owner) in [(1, "alice"), (2, "bob")] {
                let name = format!("10{at}");
                state.mailboxes.insert(name.clone(), mailbox(&name, Some(owner)));
                state.owners.insert(UserId(at), name.clone());
                state.pins.insert(name, format!("471{at}"));
            }
        }
        Self { world, kept, outcomes, break_off, alice, bob, carol, seen: Mutex::default() }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, State> {
        self.kept.state()
    }

    /// How many messages were delivered, and discarded.
    pub(crate) fn accounts(&self) -> (usize, usize) {
        let state = self.kept();
        (state.delivered.len(), state.discarded.len())
    }

    /// Changes alice's mailbox.
    pub(crate) fn of_alice(&self, change: impl FnOnce(&mut Mailbox)) {
        change(self.kept().mailboxes.get_mut("101").expect("a mailbox"));
    }

    /// Alice has these messages.
    pub(crate) fn has(&self, messages: impl IntoIterator<Item = Message>) {
        self.kept().messages.extend(messages.into_iter().map(|message| ("101".to_owned(), message)));
    }

    /// In which folder a message lies.
    pub(crate) fn folder_of(&self, id: i64) -> Folder {
        let state = self.kept();
        let found = state.messages.iter().find(|(_, message)| message.id == MessageId(1_000 + id));
        found.expect("a message").1.folder
    }

    /// It dials this, and is heard what it is played from the begin.
    pub(crate) fn dials(&self, phone: &Phone, number: &str) -> Placed {
        self.seen.lock().expect("no panic").remove(&phone.address());
        let call = phone.dial_number(number);
        self.world.run_for(millis(100));
        call
    }

    /// What a phone was played since the last look, in short.
    pub(crate) fn news(&self, phone: &Phone) -> String {
        let heard = self.world.heard(phone);
        let mut seen = self.seen.lock().expect("no panic");
        let seen = seen.entry(phone.address()).or_default();
        let news: Vec<_> = heard[*seen..].iter().map(short).collect();
        *seen = heard.len();
        news.join(" ")
    }

    /// A phone presses this, and a moment goes by; what it was played since the last look.
    pub(crate) fn press(&self, phone: &Phone, keys: &str) -> String {
        phone.press(keys);
        self.wait(10);
        self.news(phone)
    }

    /// What it is played in so many ms.
    pub(crate) fn after(&self, phone: &Phone, time: u64) -> String {
        self.wait(time);
        self.news(phone)
    }

    pub(crate) fn wait(&self, time: u64) {
        self.world.run_for(Duration::from_millis(time));
    }

    /// How those who were served parted.
    pub(crate) fn parted(&self) -> Vec<Result<Parted, VoicemailError>> {
        self.outcomes.lock().expect("no panic").clone()
    }

    /// It hangs up, and all is quiet.
    pub(crate) fn ends(&self, call: &Placed) {
        call.hang_up();
        self.is_quiet();
    }

    /// Nothing is left, and no message is lost.
    pub(crate) fn is_quiet(&self) {
        self.world.run_for(seconds(1));
        self.world.assert_quiet();
        let state = self.kept();
        assert_eq!(state.lost(), [], "{:?} {:?} {:?}", state.delivered, state.discarded, state.abandoned);
    }
}

fn short(sound: &Sound) -> String {
    match sound {
        Sound::Prompt(name) => name.clone(),
        Sound::Tone(..) => "tone".to_owned(),
        Sound::Digits(digits) => format!("[{digits}]"),
        Sound::Number(number) => number.to_string(),
        Sound::Spelled(text) => format!("({text})"),
        Sound::Recording(name) => format!("<{name}>"),
        Sound::Passage(passage) => format!("<{} {} {}>", passage.recording, passage.from.as_millis(), passage.pace),
        Sound::Moment(moment) => format!("@{}", moment.zone.as_deref().unwrap_or("-")),
        Sound::Length(length) => format!("{}s", length.as_secs()),
        other => format!("{other:?}"),
    }
}

/// The usual greeting of mailbox 101.
pub(crate) const GREETING: &str = "vm-theperson [101] vm-isunavail vm-intro";
/// What is asked after a message.
pub(crate) const REVIEW: &str = "vm-review vm-review-urgent vm-tocancelmsg";
