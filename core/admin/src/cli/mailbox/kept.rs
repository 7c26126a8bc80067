//! Mailboxes as they are kept: made, changed, shown.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{password, words};
use crate::v1::{
    CreateMailboxRequest, DeleteMailboxRequest, GetMailboxRequest, Greeting, ListMailboxesRequest, MailForm, Mailbox,
    MailboxEmails, MailboxPin, MailboxSettings, UpdateMailboxRequest,
};

/// A mailbox to be made.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its number or name, usually its owner's extension: digits, small letters, `-`, `.`, `_` or `*`
    name: String,
    #[command(flatten)]
    who: Who,
    /// A PIN that its owner must change, 4 to 16 digits. Others on this machine can see it in the list of processes
    #[arg(long, value_name = "DIGITS", conflicts_with = "pin_stdin")]
    pin: Option<String>,
    /// Read the PIN from the first line of the input
    #[arg(long)]
    pin_stdin: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    whose: Whose,
}

/// A mailbox to be changed.
#[derive(Debug, clap::Args)]
pub struct Set {
    /// The mailbox's name
    name: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    whose: Whose,
}

/// A PIN to be given or taken.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["pin", "pin_stdin", "none"])))]
pub struct Pin {
    /// The mailbox's name
    name: String,
    /// The PIN, 4 to 16 digits. Others on this machine can see it in the list of processes
    #[arg(long, value_name = "DIGITS")]
    pin: Option<String>,
    /// Read the PIN from the first line of the input
    #[arg(long, visible_alias = "stdin")]
    pin_stdin: bool,
    /// It has none from now on: it is open at its owner's own phones alone
    #[arg(long)]
    none: bool,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, clap::Args)]
struct Who {
    /// The name of the user whose it is; empty for nobody
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Whose it is, as people say it; empty for nothing
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// In which language it speaks and writes, as en or de-AT; empty for the tenant's
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// The IANA time zone of what it says and writes; empty for the tenant's
    #[arg(long, visible_alias = "zone", value_name = "ZONE")]
    time_zone: Option<String>,
    /// Its owner is asked for the PIN at his own phone too [default: yes]
    #[arg(
        long,
        visible_alias = "asks-at-own-phone",
        value_name = "YES/NO",
        num_args = 0..=1,
        default_missing_value = "yes"
    )]
    ask_at_own_phone: Option<Choice>,
    /// The longest message, 10 to 1740 [default: 300]
    #[arg(long, value_name = "SECONDS")]
    longest: Option<u32>,
    /// A shorter message is none, 0 to 10 [default: 2]
    #[arg(long, value_name = "SECONDS")]
    shortest: Option<u32>,
    /// Silence of this length ends a message, 2 to 60 [default: 8]
    #[arg(long, value_name = "SECONDS")]
    silence: Option<u32>,
    /// Who is rung when a caller presses 0: an extension or a user; empty for nobody
    #[arg(long, value_name = "WHOM")]
    operator: Option<String>,
    /// It says of each message when it came and from whom [default: yes]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    envelope: Option<Choice>,
    /// Callers can find it by the name of its owner [default: yes]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    listed: Option<Choice>,
    /// The phones of its owner are told of messages without having asked [default: no]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    unasked: Option<Choice>,
    /// Where its owner is written to, in place of what there was; may be given several times; empty for nowhere
    #[arg(long = "email", value_name = "ADDRESS", conflicts_with = "no_email")]
    emails: Vec<String>,
    /// Its owner is written to nowhere
    #[arg(long)]
    no_email: bool,
    /// How he is written to [default: note]
    #[arg(long, value_enum)]
    mail: Option<Form>,
    /// A message is thrown away once the mail of it is sent [default: no]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    delete_after_mail: Option<Choice>,
    /// The most messages, 1 to 9999 [default: 100]
    #[arg(long, value_name = "NUMBER")]
    max_messages: Option<u32>,
    /// The most sound in all, 1 to 9999 [default: 120]
    #[arg(long, value_name = "MINUTES")]
    max_minutes: Option<u32>,
    /// How long a saved message is kept, 1 to 3650; 0 for as long as the tenant says
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// That a message came
    Note,
    /// With the message as a WAV file
    Wav,
    /// With the message as an Ogg-Opus file
    Opus,
    /// With a link to it
    Link,
}

impl Create {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let pin = if self.pin_stdin { Some(read_pin(console)?) } else { self.pin };
        let settings = Some(self.settings.asked());
        let Who { owner, title } = self.who;
        let request = CreateMailboxRequest { tenant, name: self.name, owner, title, pin, settings };
        card(console, &line.voicemail().create(request).await?.into_inner())
    }
}

impl Set {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let settings = Some(self.settings.asked());
        let Who { owner, title } = self.who;
        let request =
            UpdateMailboxRequest { tenant, name: self.name, owner, title, pin: None, clear_pin: false, settings };
        card(console, &line.voicemail().update(request).await?.into_inner())
    }
}

impl Pin {
    pub(super) async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let tenant = line.tenant(&self.whose).await?;
        let pin = if self.pin_stdin { Some(read_pin(console)?) } else { self.pin };
        let clear_pin = pin.is_none();
        let (name, shown) = (self.name.clone(), self.name);
        let request = UpdateMailboxRequest { tenant, name, pin, clear_pin, ..UpdateMailboxRequest::default() };
        line.voicemail().update(request).await?;
        let sentence = if clear_pin {
            format!("mailbox {shown} has no PIN: it is open at its owner's own phones alone")
        } else {
            format!("mailbox {shown} has this PIN; its owner must change it when he comes in next")
        };
        console.say(&sentence, &serde_json::json!({ "mailbox": shown, "pin": !clear_pin }))
    }
}

fn read_pin(console: &mut Console) -> Result<String, Failure> {
    password::read(console).map_err(|failure| match failure {
        Failure::Argument { why, .. } => Failure::Argument { name: "pin", why },
        failure => failure,
    })
}

impl Settings {
    fn asked(self) -> MailboxSettings {
        let yes = |choice: Option<Choice>| choice.map(|choice| choice == Choice::Yes);
        let seconds = |time: Option<u32>| time.map(|time| prost_types::Duration { seconds: time.into(), nanos: 0 });
        let mail = self.mail.map(|form| match form {
            Form::Note => MailForm::Note,
            Form::Wav => MailForm::Wav,
            Form::Opus => MailForm::Opus,
            Form::Link => MailForm::Link,
        });
        let written = self.no_email || !self.emails.is_empty();
        let addresses = self.emails.into_iter().filter(|address| !address.is_empty()).collect();
        let emails = written.then_some(MailboxEmails { addresses });
        MailboxSettings {
            language: self.language,
            time_zone: self.time_zone,
            asks_at_own_phone: yes(self.ask_at_own_phone),
            longest: seconds(self.longest),
            shortest: seconds(self.shortest),
            silence: seconds(self.silence),
            operator: self.operator,
            envelope: yes(self.envelope),
            listed: yes(self.listed),
            unasked: yes(self.unasked),
            emails,
            mail: mail.map(Into::into),
            delete_after_mail: yes(self.delete_after_mail),
            max_messages: self.max_messages,
            max_minutes: self.max_minutes,
            keep_days: self.keep_days,
        }
    }
}

pub(super) async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let none = format!("tenant {tenant} has no mailboxes; `strowger mailbox create` makes one");
    let answer = line.voicemail().list(ListMailboxesRequest { tenant }).await?.into_inner();
    let header = ["NAME", "OWNER", "TITLE", "PIN", "NEW", "SAVED", "MESSAGES", "LENGTH", "MAIL TO"];
    console.table(&answer, &none, &header, |_| answer.mailboxes.iter().map(row).collect())
}

fn row(mailbox: &Mailbox) -> Vec<String> {
    let (waiting, usage) = (mailbox.waiting.unwrap_or_default(), mailbox.usage.unwrap_or_default());
    let settings = mailbox.settings.clone().unwrap_or_default();
    vec![
        mailbox.name.clone(),
        mailbox.owner.clone().unwrap_or_default(),
        mailbox.title.clone().unwrap_or_default(),
        pin(mailbox.pin()).to_owned(),
        counted(waiting.new, waiting.urgent_new),
        counted(waiting.saved, waiting.urgent_saved),
        format!("{} of {}", usage.messages, settings.max_messages()),
        words::length(usage.length),
        settings.emails.unwrap_or_default().addresses.join(", "),
    ]
}

/// How many, and how many of them are urgent.
pub(super) fn counted(all: u32, urgent: u32) -> String {
    if urgent == 0 { all.to_string() } else { format!("{all} ({urgent} urgent)") }
}

pub(super) async fn show(line: &Line, console: &mut Console, name: String, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    card(console, &line.voicemail().get(GetMailboxRequest { tenant, name }).await?.into_inner())
}

pub(super) async fn delete(line: &Line, console: &mut Console, name: String, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    line.voicemail().delete(DeleteMailboxRequest { tenant, name: name.clone() }).await?;
    console.say(&format!("mailbox {name} is deleted"), &serde_json::json!({ "deleted": name }))
}

fn card(console: &mut Console, mailbox: &Mailbox) -> Result<(), Failure> {
    console.card(mailbox, |console| {
        let settings = mailbox.settings.clone().unwrap_or_default();
        let (waiting, usage) = (mailbox.waiting.unwrap_or_default(), mailbox.usage.unwrap_or_default());
        let greetings: Vec<_> = mailbox.greetings().map(greeting).collect();
        let days = settings.keep_days.map(|days| format!("{days} days")).unwrap_or_default();
        let emails = settings.emails.clone().unwrap_or_default().addresses;
        let mail = if emails.is_empty() { String::new() } else { form(settings.mail()).to_owned() };
        let most = format!("{} messages, {} minutes", settings.max_messages(), settings.max_minutes());
        vec![
            ("Name", mailbox.name.clone()),
            ("Tenant", mailbox.tenant.clone()),
            ("Owner", mailbox.owner.clone().unwrap_or_default()),
            ("Title", mailbox.title.clone().unwrap_or_default()),
            ("PIN", pin(mailbox.pin()).to_owned()),
            ("New", counted(waiting.new, waiting.urgent_new)),
            ("Saved", counted(waiting.saved, waiting.urgent_saved)),
            ("Takes up", format!("{} messages, {}", usage.messages, words::length(usage.length))),
            ("Holds at most", most),
            ("Keeps saved ones", days),
            ("Greetings", greetings.join(", ")),
            ("Language", settings.language.clone().unwrap_or_default()),
            ("Time zone", settings.time_zone.clone().unwrap_or_default()),
            ("PIN at own phone", word(settings.asks_at_own_phone())),
            ("Longest message", words::length(settings.longest)),
            ("Shortest message", words::length(settings.shortest)),
            ("Ends by silence", words::length(settings.silence)),
            ("Operator", settings.operator.clone().unwrap_or_default()),
            ("Says from whom", word(settings.envelope())),
            ("Found by name", word(settings.listed())),
            ("Lamp unasked", word(settings.unasked())),
            ("Mail to", emails.join(", ")),
            ("Mail", mail),
            ("Deleted by mail", word(settings.delete_after_mail())),
            ("Created", console.time(mailbox.created)),
        ]
    })
}

fn word(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn pin(pin: MailboxPin) -> &'static str {
    match pin {
        MailboxPin::Unspecified => "",
        MailboxPin::None => "none",
        MailboxPin::Given => "given",
        MailboxPin::Chosen => "chosen",
    }
}

fn form(form: MailForm) -> &'static str {
    match form {
        MailForm::Unspecified => "",
        MailForm::Note => "note",
        MailForm::Wav => "wav",
        MailForm::Opus => "opus",
        MailForm::Link => "link",
    }
}

pub(super) fn greeting(greeting: Greeting) -> &'static str {
    match greeting {
        Greeting::Unspecified => "",
        Greeting::Unavailable => "unavailable",
        Greeting::Busy => "busy",
        Greeting::Temporary => "temporary",
        Greeting::Name => "name",
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(flatten)]
        settings: Settings,
    }

    fn asked(words: &[&str]) -> MailboxSettings {
        Typed::try_parse_from(["set"].iter().chain(words)).unwrap().settings.asked()
    }

    #[test]
    fn what_is_not_given_is_not_asked_for() {
        assert_eq!(asked(&[]), MailboxSettings::default());
    }

    #[test]
    fn an_empty_address_takes_those_that_there_are() {
        let addresses = |words| asked(words).emails.map(|emails| emails.addresses);
        assert_eq!(addresses(&["--email", "a@b.example", "--email", "c@b.example"]).unwrap().len(), 2);
        assert_eq!(addresses(&["--email", ""]), Some(Vec::new()));
        assert_eq!(addresses(&["--no-email"]), Some(Vec::new()));
    }

    #[test]
    fn a_setting_is_known_by_its_name_in_the_docs_too() {
        let settings = asked(&["--zone", "Europe/Berlin", "--asks-at-own-phone", "no", "--unasked"]);
        assert_eq!(settings.time_zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!((settings.asks_at_own_phone, settings.unasked), (Some(false), Some(true)));
    }
}
