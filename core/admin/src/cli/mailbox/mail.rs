//! `strowger mailbox mail`.

use std::path::{Path, PathBuf};

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::v1::{
    DeleteMailTemplateRequest, Letter, LetterKind, ListMailRequest, ListMailResponse, ListMailTemplatesRequest,
    MailTemplate, PutMailTemplateRequest, RetryMailRequest,
};

/// What is to be done with mail.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the mail that waits to be sent, and what was given up, the oldest first
    Queue(Queue),
    /// Try all mail again, now; what was given up too
    Retry {
        #[command(flatten)]
        whose: Whose,
    },
    /// How a tenant writes, in place of the exchange's own words
    #[command(subcommand, visible_alias = "templates")]
    Template(Template),
}

/// How much of the mail is wanted.
#[derive(Debug, clap::Args)]
pub struct Queue {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

/// What is to be done with templates.
#[derive(Debug, clap::Subcommand)]
pub enum Template {
    /// List the templates that a tenant has of its own
    #[command(visible_alias = "list")]
    Ls {
        #[command(flatten)]
        whose: Whose,
    },
    /// Keep a template, in the place of the one of its language and kind. {caller}, {number}, {mailbox}, {owner}, {date}, {time},
    /// {length}, {count} and {link} stand for what they say
    #[command(visible_alias = "set")]
    Put {
        #[command(flatten)]
        which: Which,
        /// The subject
        #[arg(long, value_name = "TEXT")]
        subject: String,
        /// The letter as plain text
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        /// The letter as HTML
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete a template: the tenant writes as the exchange does again
    #[command(visible_aliases = ["remove", "delete"])]
    Rm {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        whose: Whose,
    },
}

/// A template.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// In which language, as en or de-AT
    language: String,
    /// What it is for
    #[arg(value_enum, default_value = "message")]
    kind: Kind,
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A message came
    Message,
    /// The mailbox is nearly full
    NearlyFull,
}

impl Kind {
    fn spelt(self) -> LetterKind {
        match self {
            Self::Message => LetterKind::Message,
            Self::NearlyFull => LetterKind::NearlyFull,
        }
    }
}

pub(super) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::Queue(wanted) => queue(line, console, &wanted).await,
        Verb::Retry { whose } => {
            let tenant = line.tenant(&whose).await?;
            let letters = line.voicemail().retry_mail(RetryMailRequest { tenant }).await?.into_inner().letters;
            let sentence = match letters {
                0 => "no mail waits".to_owned(),
                1 => "1 letter is tried now".to_owned(),
                more => format!("{more} letters are tried now"),
            };
            console.say(&sentence, &serde_json::json!({ "letters": letters }))
        }
        Verb::Template(verb) => template(verb, line, console).await,
    }
}

async fn queue(line: &Line, console: &mut Console, wanted: &Queue) -> Result<(), Failure> {
    let request = ListMailRequest { tenant: line.tenant(&wanted.whose).await?, ..ListMailRequest::default() };
    let turn = async |page_size, page_token| {
        let request = ListMailRequest { page_size, page_token, ..request.clone() };
        let page = line.voicemail().list_mail(request).await?.into_inner();
        Ok((page.letters, page.next_page_token))
    };
    let (letters, next_page_token) = wanted.page.turn(turn).await?;
    let answer = ListMailResponse { letters, next_page_token };
    let header = ["LETTER", "MAILBOX", "KIND", "MESSAGE", "SINCE", "NEXT", "TRIES", "FAULT"];
    console.table(&answer, "no mail waits", &header, |console| {
        answer.letters.iter().map(|letter| row(console, letter)).collect()
    })?;
    page::note(console, &answer.next_page_token)
}

fn row(console: &Console, letter: &Letter) -> Vec<String> {
    vec![
        letter.id.to_string(),
        letter.mailbox.clone(),
        kind(letter.kind()).to_owned(),
        letter.message.map(|message| message.to_string()).unwrap_or_default(),
        console.time(letter.queued),
        if letter.given_up { "given up".to_owned() } else { console.time(letter.due) },
        letter.tries.to_string(),
        letter.fault.clone().unwrap_or_default(),
    ]
}

async fn template(verb: Template, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Template::Ls { whose } => {
            let tenant = line.tenant(&whose).await?;
            let answer = line.voicemail().list_templates(ListMailTemplatesRequest { tenant }).await?.into_inner();
            let none = "no templates of its own: it writes as the exchange does";
            console.table(&answer, none, &["LANGUAGE", "KIND", "SUBJECT", "HTML"], |_| {
                let html = |template: &MailTemplate| if template.html.is_some() { "yes" } else { "no" }.to_owned();
                let row = |one: &MailTemplate| {
                    vec![one.language.clone(), kind(one.kind()).to_owned(), one.subject.clone(), html(one)]
                };
                answer.templates.iter().map(row).collect()
            })
        }
        Template::Put { which, subject, text, html, whose } => {
            let request = PutMailTemplateRequest {
                tenant: line.tenant(&whose).await?,
                language: which.language,
                kind: which.kind.spelt().into(),
                subject,
                text: read(&text)?,
                html: html.as_deref().map(read).transpose()?,
            };
            let kept = line.voicemail().put_template(request).await?.into_inner();
            console.card(&kept, |_| {
                vec![
                    ("Language", kept.language.clone()),
                    ("Kind", kind(kept.kind()).to_owned()),
                    ("Subject", kept.subject.clone()),
                    ("HTML", if kept.html.is_some() { "yes" } else { "no" }.to_owned()),
                ]
            })
        }
        Template::Rm { which, whose } => {
            let (tenant, word) = (line.tenant(&whose).await?, kind(which.kind.spelt()));
            let (language, kind) = (which.language.clone(), which.kind.spelt().into());
            line.voicemail().delete_template(DeleteMailTemplateRequest { tenant, language, kind }).await?;
            let json = serde_json::json!({ "deleted": which.language, "kind": word });
            console.say(&format!("the template {word} in {} is deleted", which.language), &json)
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::File { file: file.to_owned(), error })
}

fn kind(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Unspecified => "",
        LetterKind::Message => "message",
        LetterKind::NearlyFull => "nearly-full",
    }
}
