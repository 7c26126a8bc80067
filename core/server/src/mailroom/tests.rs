//! Messages on a real disk and in a real database.

use std::time::{Duration, Instant, SystemTime};

use admin::MailboxEvent;
use media::record::Format;
use media::{Rate, Sound};
use store::{LetterKind, MailboxSettings, NewMailbox, NewTenant, Store};
use switch::{
    CallUid, Folder, Greeting, KeptRecording, Reason, RecordingEnd, RecordingFormat, RecordingKind, RecordingLayout,
    TenantId, Waiting,
};
use tokio::runtime::Handle;
use voicemail::{Begun, Delivered, Draft, KeepFault, Keeper};

use super::{Mailroom, audio};
use crate::exchange::{Inbox, Inward, Outbox};
use crate::media::Recordings;

struct House {
    data: tempfile::TempDir,
    store: Store,
    room: Mailroom,
    outbox: Outbox,
    tenant: TenantId,
}

impl House {
    /// A tenant with the mailboxes 1001 and 1002 of these settings.
    async fn of(settings: MailboxSettings) -> Self {
        let data = tempfile::TempDir::new().expect("a folder");
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let tenant = store.tenants().create(NewTenant::named("acme", vec![])).await.expect("a tenant").id;
        for name in ["1001", "1002"] {
            let new = NewMailbox { name: name.to_owned(), settings: settings.clone(), ..NewMailbox::default() };
            store.mailboxes(tenant).create(new).await.expect("a mailbox");
        }
        let (room, outbox) = open(&data, &store).await;
        Self { data, store, room, outbox, tenant }
    }

    async fn usual() -> Self {
        Self::of(MailboxSettings::default()).await
    }

    /// The exchange ends without a word, and another one starts on what is left.
    async fn falls_and_starts_again(mut self) -> Self {
        let (recordings, mended) = recordings(&self.data);
        let (inbox, outbox) = Inbox::new().expect("an inbox");
        let opened = Mailroom::open(self.store.clone(), recordings, inbox, Handle::current()).await;
        (self.room, self.outbox) = (opened.expect("mailboxes"), outbox);
        let left = self.room.left().await.expect("what is left");
        let mended = tokio::task::spawn_blocking(move || mended.recv()).await.expect("no panic").expect("told");
        self.room.settle(left, &mended).await.expect("settled");
        self
    }

    fn draft(&self, mailbox: &str) -> Draft {
        Draft {
            mailbox: mailbox.to_owned(),
            call: CallUid([7; 12]),
            user: None,
            caller: "+49301234567".to_owned(),
            caller_name: Some("Erika".to_owned()),
            reason: Reason::NoAnswer,
        }
    }

    async fn begins(&self, mailbox: &str) -> Begun {
        self.room.begin(self.tenant, self.draft(mailbox)).await.expect("begun")
    }

    /// What the exchange hears of a recording.
    fn hears(&self, begun: &Begun, bytes: Option<u64>) {
        let end = bytes.map(|bytes| RecordingEnd { length: Duration::from_secs(1), bytes, fault: None });
        let kept = KeptRecording {
            tenant: self.tenant,
            name: begun.recording.clone(),
            call: None,
            kind: RecordingKind::Message,
            started: SystemTime::now(),
            format: RecordingFormat::Wav,
            layout: RecordingLayout::Mixed,
            end,
        };
        assert!(self.room.hear(&kept), "it is a mailbox's");
    }

    fn writes(&self, begun: &Begun, wav: &[u8]) {
        let format = RecordingFormat::Wav;
        self.room.recordings.put(self.tenant, &begun.recording, format, wav).expect("written");
    }

    /// So many seconds of this are said, and the caller hangs up.
    async fn says(&self, mailbox: &str, seconds: u32, hertz: f32) -> (Begun, Result<Delivered, KeepFault>) {
        let begun = self.begins(mailbox).await;
        let wav = tone(seconds, hertz);
        self.hears(&begun, None);
        self.writes(&begun, &wav);
        self.hears(&begun, Some(wav.len() as u64));
        let delivered = Keeper::deliver(&self.room, self.tenant, begun.message, false).await;
        (begun, delivered)
    }

    async fn leaves(&self, mailbox: &str, seconds: u32) -> Begun {
        let (begun, delivered) = self.says(mailbox, seconds, 440.0).await;
        assert_eq!(delivered, Ok(Delivered::Kept));
        begun
    }

    async fn waiting(&self, mailbox: &str) -> Vec<voicemail::Message> {
        self.room.messages(self.tenant, mailbox, Folder::New).await.expect("messages")
    }

    fn files(&self) -> Vec<String> {
        let mut names = self.room.recordings.names(self.tenant);
        names.sort();
        names
    }

    /// What lamps were told since the last look.
    fn lamps(&mut self) -> Vec<(String, u32)> {
        let mut told = Vec::new();
        while let Ok(inward) = self.outbox.try_recv() {
            if let Inward::Lamp(lamp) = inward {
                told.push((lamp.mailbox, lamp.waiting.new));
            }
        }
        told
    }

    fn is_there(&self, begun: &Begun) -> bool {
        self.files().contains(&begun.recording)
    }
}

fn recordings(data: &tempfile::TempDir) -> (Recordings, std::sync::mpsc::Receiver<Vec<crate::media::Mended>>) {
    let (inbox, _outbox) = Inbox::new().expect("an inbox");
    Recordings::start(data.path().to_owned(), 0, inbox).expect("recordings")
}

async fn open(data: &tempfile::TempDir, store: &Store) -> (Mailroom, Outbox) {
    let (inbox, outbox) = Inbox::new().expect("an inbox");
    let opened = Mailroom::open(store.clone(), recordings(data).0, inbox, Handle::current()).await;
    (opened.expect("mailboxes"), outbox)
}

fn tone(seconds: u32, hertz: f32) -> Vec<u8> {
    let turn = std::f32::consts::TAU * hertz / 8_000.0;
    let samples: Vec<i16> = (0..seconds * 8_000).map(|at| ((turn * at as f32).sin() * 8_000.0) as i16).collect();
    audio::written(&samples, Rate::Narrow, Format::Wav).expect("WAV")
}

/// How strong a tone is in a second of a sound that begins there.
fn strength(sound: &Sound, second: usize, hertz: f32) -> f32 {
    let hz = sound.rate().hz();
    let turn = std::f32::consts::TAU * hertz / hz as f32;
    let piece = &sound.samples()[second * hz as usize..(second + 1) * hz as usize];
    let (mut sine, mut cosine) = (0.0_f32, 0.0_f32);
    for (at, sample) in piece.iter().enumerate() {
        sine += f32::from(*sample) * (turn * at as f32).sin();
        cosine += f32::from(*sample) * (turn * at as f32).cos();
    }
    (sine * sine + cosine * cosine).sqrt() / piece.len() as f32
}

#[tokio::test]
async fn a_message_is_delivered_with_its_lamp_and_its_letter_and_what_it_says_is_on_the_disk() {
    let settings = MailboxSettings { emails: vec!["owner@example.com".to_owned()], ..MailboxSettings::default() };
    let mut house = House::of(settings).await;
    let mut news = house.room.watch();
    let begun = house.leaves("1001", 4).await;
    assert!(switch::is_recording_name(&begun.recording) && !begun.recording.contains("1001"));
    let messages = house.waiting("1001").await;
    assert_eq!(
        (messages.len(), messages[0].length, messages[0].caller.as_str()),
        (1, Duration::from_secs(4), "+49301234567")
    );
    assert_eq!(house.lamps(), [("1001".to_owned(), 1)]);
    assert_eq!(house.room.waiting(house.tenant, "1001"), Waiting { new: 1, ..Waiting::default() });
    let letters = house.store.letters().of(house.tenant).await.expect("letters");
    assert_eq!((letters.len(), letters[0].kind, letters[0].message), (1, LetterKind::Message, Some(begun.message)));
    assert!(matches!(news.try_recv().expect("news").event, MailboxEvent::Came(message) if message.id == begun.message));
    assert!(matches!(news.try_recv().expect("news").event, MailboxEvent::Waiting(waiting) if waiting.new == 1));
    assert!(house.is_there(&begun));
    assert!(
        house.store.recordings(house.tenant).get(&begun.recording).await.is_err(),
        "it is no recording of operators"
    );
}

#[tokio::test]
async fn what_is_too_short_silent_or_nothing_leaves_nothing_behind() {
    let mut house = House::usual().await;
    assert_eq!(house.says("1001", 1, 440.0).await.1, Ok(Delivered::Short));
    // Far below what a voice is.
    let begun = house.begins("1001").await;
    let quiet = audio::written(&[20_i16; 40_000], Rate::Narrow, Format::Wav).expect("WAV");
    house.writes(&begun, &quiet);
    house.hears(&begun, Some(quiet.len() as u64));
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Ok(Delivered::Silent));
    // He hung up before the tone was over.
    let begun = house.begins("1001").await;
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Ok(Delivered::Nothing));
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Err(KeepFault::Missing));
    assert!(house.waiting("1001").await.is_empty() && house.files().is_empty() && house.lamps().is_empty());
    assert!(house.store.messages(house.tenant).drafts().await.expect("drafts").is_empty());
}

#[tokio::test]
async fn who_delivers_waits_until_the_disk_has_it() {
    let house = House::usual().await;
    let begun = house.begins("1001").await;
    house.hears(&begun, None);
    let room = house.room.clone();
    let (tenant, message) = (house.tenant, begun.message);
    let delivering = tokio::spawn(async move { Keeper::deliver(&room, tenant, message, true).await });
    for _ in 0..20 {
        tokio::task::yield_now().await;
        assert!(!delivering.is_finished(), "it is recorded still");
    }
    let wav = tone(3, 440.0);
    house.writes(&begun, &wav);
    house.hears(&begun, Some(wav.len() as u64));
    assert_eq!(delivering.await.expect("no panic"), Ok(Delivered::Kept));
    assert!(house.waiting("1001").await[0].urgent);
}

#[tokio::test]
async fn what_an_exchange_that_fell_had_recorded_is_delivered_by_the_next_and_all_else_is_gone() {
    let house = House::usual().await;
    let whole = house.begins("1001").await;
    house.writes(&whole, &tone(5, 440.0));
    let nothing = house.begins("1001").await;
    let cut = house.begins("1002").await;
    let folder = house.data.path().join(format!("tenants/{}/recordings", house.tenant.0));
    let part = tone(6, 440.0);
    std::fs::write(folder.join(format!("{}.part", cut.recording)), &part[..part.len() / 2 + 1]).expect("a part");
    // A greeting that is kept, a file of nobody's, and a recording of a dialplan.
    let (greeting, _) = house.room.take(house.tenant, tone(2, 300.0)).await.expect("taken");
    house.room.set_greeting(house.tenant, "1001", Greeting::Busy, Some(&greeting)).await.expect("set");
    let (orphan, _) = house.room.take(house.tenant, tone(2, 300.0)).await.expect("taken");
    std::fs::write(folder.join("note.wav"), tone(1, 300.0)).expect("a file");
    let house = house.falls_and_starts_again().await;
    let [first, second] = [house.waiting("1001").await, house.waiting("1002").await];
    assert_eq!((first.len(), first[0].id, first[0].length), (1, whole.message, Duration::from_secs(5)));
    assert_eq!((second.len(), second[0].id), (1, cut.message));
    assert!(second[0].length.abs_diff(Duration::from_secs(3)) < Duration::from_millis(50), "{:?}", second[0].length);
    assert!(house.store.messages(house.tenant).get(nothing.message).await.is_err());
    let files = house.files();
    assert!(files.contains(&greeting) && files.contains(&"note".to_owned()) && !files.contains(&orphan), "{files:?}");
    assert_eq!(house.room.waiting(house.tenant, "1001").new, 1);
}

#[tokio::test]
async fn a_full_mailbox_takes_nothing_until_there_is_room_and_its_owner_is_warned_once() {
    let settings =
        MailboxSettings { max_messages: 5, emails: vec!["owner@example.com".to_owned()], ..MailboxSettings::default() };
    let house = House::of(settings).await;
    let mut news = house.room.watch();
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(house.leaves("1001", 3).await);
    }
    let kinds = async || {
        let letters = house.store.letters().of(house.tenant).await.expect("letters");
        letters.iter().filter(|letter| letter.kind == LetterKind::NearlyFull).count()
    };
    assert_eq!(kinds().await, 1, "four of five were enough to say so, once");
    assert_eq!(house.room.begin(house.tenant, house.draft("1001")).await, Err(KeepFault::Full));
    let told = std::iter::from_fn(|| news.try_recv().ok()).map(|happened| happened.event);
    assert_eq!(told.filter(|event| *event == MailboxEvent::Full).count(), 1);
    // What is thrown away makes room, once its letter is sent.
    Keeper::move_to(&house.room, house.tenant, begun[0].message, Folder::Deleted).await.expect("moved");
    assert_eq!(house.room.begin(house.tenant, house.draft("1001")).await, Err(KeepFault::Full));
    for letter in house.store.letters().of(house.tenant).await.expect("letters") {
        house.store.letters().sent(letter.id).await.expect("sent");
    }
    house.begins("1001").await;
    assert!(!house.is_there(&begun[0]));
    assert_eq!(kinds().await, 0);
}

#[tokio::test]
async fn minutes_are_counted_for_the_mailbox_and_for_the_tenant() {
    let house = House::of(MailboxSettings { max_minutes: 1, ..MailboxSettings::default() }).await;
    house.leaves("1001", 20).await;
    assert_eq!(house.begins("1001").await.room, Duration::from_secs(40));
    let policy = store::VoicemailPolicy { max_minutes: Some(1), ..store::VoicemailPolicy::default() };
    house.store.mailboxes(house.tenant).set_policy(&policy).await.expect("set");
    house.room.reread(house.tenant).await.expect("read");
    assert_eq!(house.begins("1002").await.room, Duration::from_secs(40), "of the tenant's minute");
    house.leaves("1002", 36).await;
    assert_eq!(house.room.begin(house.tenant, house.draft("1002")).await, Err(KeepFault::Full));
}

#[tokio::test]
async fn a_copy_says_the_comment_before_the_message_and_goes_to_each_once() {
    let house = House::usual().await;
    let begun = house.leaves("1001", 4).await;
    let comment = house.room.scratch(house.tenant, CallUid([7; 12])).await.expect("a name");
    house.room.recordings.put(house.tenant, &comment, RecordingFormat::Wav, &tone(2, 1_000.0)).expect("written");
    let to = ["1002", "1002", "nobody"].map(str::to_owned);
    let sent = Keeper::forward(&house.room, house.tenant, begun.message, &to, Some(&comment)).await;
    assert_eq!(sent, Ok(1));
    let copies = house.waiting("1002").await;
    assert_eq!((copies.len(), copies[0].forwarded_by.as_deref()), (1, Some("1001")));
    let sound = audio::read(&house.room.recordings, house.tenant, &copies[0].recording, Rate::Wide).expect("sound");
    assert!(strength(&sound, 0, 1_000.0) > 1_000.0 && strength(&sound, 0, 440.0) < 100.0);
    assert!(strength(&sound, 4, 440.0) > 1_000.0 && strength(&sound, 4, 1_000.0) < 100.0);
    // Each has his own: one who deletes it deletes nobody else's.
    let copy = house.store.messages(house.tenant).get(copies[0].id).await.expect("a copy");
    let later = SystemTime::now() + Duration::from_secs(1);
    assert!(house.room.purge_if(&copy, Folder::New, later).await.expect("gone"));
    assert!(house.is_there(&begun));
}

#[tokio::test]
async fn what_is_old_goes_and_what_a_letter_waits_for_stays() {
    let settings = MailboxSettings { keep_days: Some(30), ..MailboxSettings::default() };
    let house = House::of(settings).await;
    let [saved, thrown, new] =
        [house.leaves("1001", 3).await, house.leaves("1001", 3).await, house.leaves("1001", 3).await];
    Keeper::move_to(&house.room, house.tenant, saved.message, Folder::Saved).await.expect("moved");
    Keeper::move_to(&house.room, house.tenant, thrown.message, Folder::Deleted).await.expect("moved");
    let days = |days: u64| SystemTime::now() + Duration::from_secs(86_400 * days + 60);
    assert_eq!(house.room.sweep(days(6)).await.expect("swept"), 0);
    assert_eq!(house.room.sweep(days(7)).await.expect("swept"), 1, "what was thrown away goes after a week");
    assert_eq!(house.room.sweep(days(30)).await.expect("swept"), 1);
    assert_eq!(house.room.sweep(days(3_000)).await.expect("swept"), 0, "a new message never goes by itself");
    assert!(house.is_there(&new) && !house.is_there(&saved) && !house.is_there(&thrown));
}

#[tokio::test]
async fn only_its_owner_sees_a_lamp_and_a_code_is_his_own() {
    let house = House::usual().await;
    let ha1 = switch::Ha1::of("alice", "acme", "secret");
    let media = switch::MediaPolicy::default();
    let new =
        store::NewUser { name: "alice".to_owned(), display_name: None, extension: Some("17".to_owned()), ha1, media };
    let alice = house.store.users(house.tenant).create(new).await.expect("a user");
    let mut mailbox = house.store.mailboxes(house.tenant).get("1001").await.expect("a mailbox");
    mailbox.owner = Some(alice.id);
    house.store.mailboxes(house.tenant).update(&mailbox).await.expect("changed");
    house.room.reread(house.tenant).await.expect("read");
    house.leaves("1001", 3).await;
    for wanted in ["1001", "alice", "17", "*97"] {
        let lamp = house.room.lamp(house.tenant, "alice", wanted).expect("a lamp");
        assert_eq!((lamp.mailbox.as_str(), lamp.waiting.new, lamp.unasked), ("1001", 1, None), "{wanted}");
    }
    assert_eq!(house.room.lamp(house.tenant, "alice", "1002"), Err(switch::NoLamp::Forbidden));
    assert_eq!(house.room.lamp(house.tenant, "alice", "1003"), Err(switch::NoLamp::Unknown));
    assert_eq!(house.room.lamp(TenantId(99), "alice", "1001"), Err(switch::NoLamp::Unknown));
    let messages = house.room.messages(TenantId(99), "1001", Folder::New).await;
    assert_eq!(messages, Err(KeepFault::Missing), "no other tenant sees any of it");
}

#[tokio::test]
async fn five_hundred_are_delivered_at_once() {
    let house = House::of(MailboxSettings { max_messages: 999, ..MailboxSettings::default() }).await;
    let began = Instant::now();
    let wav = tone(2, 440.0);
    let mut delivering = Vec::new();
    for at in 0..500 {
        let begun = house.begins(if at % 2 == 0 { "1001" } else { "1002" }).await;
        house.hears(&begun, None);
        house.writes(&begun, &wav);
        house.hears(&begun, Some(wav.len() as u64));
        let (room, tenant) = (house.room.clone(), house.tenant);
        delivering.push(tokio::spawn(async move { Keeper::deliver(&room, tenant, begun.message, false).await }));
    }
    for one in delivering {
        assert_eq!(one.await.expect("no panic"), Ok(Delivered::Kept));
    }
    assert_eq!((house.waiting("1001").await.len(), house.waiting("1002").await.len()), (250, 250));
    eprintln!("500 messages in {:?}", began.elapsed());
}

#[tokio::test]
async fn what_cannot_be_decoded_or_was_not_finished_is_delivered_and_not_thrown_away() {
    let house = House::usual().await;
    // Bytes that are no sound, under the name of one: longer than any decoder here takes would be alike.
    let begun = house.begins("1001").await;
    let mut odd = tone(5, 440.0);
    odd[20..22].copy_from_slice(&0x7777_u16.to_le_bytes());
    house.writes(&begun, &odd);
    house.hears(&begun, Some(odd.len() as u64));
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Ok(Delivered::Kept));
    // The disk said that there was nothing, and left a part.
    let begun = house.begins("1001").await;
    let part = house.data.path().join(format!("tenants/{}/recordings/{}.part", house.tenant.0, begun.recording));
    std::fs::write(&part, tone(4, 440.0)).expect("a part");
    house.hears(&begun, Some(0));
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Ok(Delivered::Kept));
    assert!(house.is_there(&begun) && !part.exists());
    assert_eq!(house.waiting("1001").await.len(), 2);
}

#[tokio::test]
async fn one_who_thought_about_his_message_for_hours_has_left_it_all_the_same() {
    let house = House::usual().await;
    let begun = house.begins("1001").await;
    let wav = tone(4, 440.0);
    house.writes(&begun, &wav);
    house.hears(&begun, Some(wav.len() as u64));
    // As if nobody remembered that it ever began.
    house.room.reels.forget(house.tenant, &begun.recording);
    assert_eq!(Keeper::deliver(&house.room, house.tenant, begun.message, false).await, Ok(Delivered::Kept));
}

#[tokio::test]
async fn of_what_was_recorded_anew_when_the_exchange_fell_the_last_take_counts() {
    let house = House::usual().await;
    let [first, second, third] = [house.begins("1001").await, house.begins("1001").await, house.begins("1001").await];
    house.writes(&first, &tone(3, 440.0));
    house.writes(&second, &tone(5, 440.0));
    let silence = audio::written(&[0_i16; 40_000], Rate::Narrow, Format::Wav).expect("WAV");
    house.writes(&third, &silence);
    let house = house.falls_and_starts_again().await;
    let waiting = house.waiting("1001").await;
    assert_eq!((waiting.len(), waiting[0].id), (1, second.message), "the third says nothing");
    assert!(!house.is_there(&first) && !house.is_there(&third));
}

#[tokio::test]
async fn a_draft_that_nobody_delivers_is_delivered_after_hours_and_one_that_is_recorded_is_not() {
    let house = House::usual().await;
    let [left, recorded] = [house.begins("1001").await, house.begins("1001").await];
    house.writes(&left, &tone(3, 440.0));
    house.hears(&recorded, None);
    house.room.settle_old(SystemTime::now()).await.expect("looked");
    assert!(house.waiting("1001").await.is_empty());
    house.room.settle_old(SystemTime::now() + Duration::from_secs(5 * 3_600)).await.expect("looked");
    assert_eq!(house.waiting("1001").await.len(), 1);
    assert_eq!(house.store.messages(house.tenant).drafts().await.expect("drafts").len(), 1);
}

#[tokio::test]
async fn what_is_taken_back_or_delivered_meanwhile_is_not_purged() {
    let house = House::usual().await;
    let begun = house.leaves("1001", 3).await;
    let stored = house.store.messages(house.tenant).get(begun.message).await.expect("a message");
    let later = SystemTime::now() + Duration::from_secs(60);
    // It was deleted when somebody made his list, and is new again.
    assert!(!house.room.purge_if(&stored, Folder::Deleted, later).await.expect("asked"));
    // A draft when somebody looked, a message by now.
    house.room.drop_draft(&stored, "nothing").await.expect("asked");
    assert!(house.is_there(&begun) && house.waiting("1001").await.len() == 1);
}
