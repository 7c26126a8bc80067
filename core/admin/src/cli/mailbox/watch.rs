//! What happens in mailboxes, a line each.

use std::io::Write;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::mailbox::{kept, message};
use crate::cli::{json, words};
use crate::v1::mailbox_event::Event;
use crate::v1::{MailboxEvent, WatchMailboxesRequest};

pub(super) async fn watch(
    line: &Line,
    console: &mut Console,
    mailbox: Option<String>,
    whose: &Whose,
) -> Result<(), Failure> {
    let request = WatchMailboxesRequest { tenant: line.tenant(whose).await?, mailbox: mailbox.unwrap_or_default() };
    let mut events = line.voicemail().watch(request).await?.into_inner();
    while let Some(event) = events.message().await? {
        if console.json {
            writeln!(console.out, "{}", json::line(&event)?)?;
        } else {
            if event.missed > 0 {
                console.note(&format!("{} events were missed: this reader was too slow", event.missed))?;
            }
            let sentence = format!("{}  {}  {}", console.clock(event.at), event.mailbox, describe(&event));
            console.say(&sentence, &serde_json::Value::Null)?;
        }
        console.out.flush()?;
    }
    console.note("the server ended the watch")
}

fn describe(event: &MailboxEvent) -> String {
    match &event.event {
        Some(Event::Came(one)) => {
            let urgent = if one.urgent { ", urgent" } else { "" };
            format!("message {} from {}, {}{urgent}", one.id, message::caller(one), words::length(one.length))
        }
        Some(Event::Changed(one)) => {
            let urgent = if one.urgent { ", urgent" } else { "" };
            format!("message {} is in {}{urgent}", one.id, message::folder(one.folder()))
        }
        Some(Event::Gone(gone)) => format!("message {} is gone", gone.id),
        Some(Event::Waiting(now)) => {
            let (new, saved) = (kept::counted(now.new, now.urgent_new), kept::counted(now.saved, now.urgent_saved));
            format!("waiting: {new} new, {saved} saved")
        }
        Some(Event::NearlyFull(_)) => "nearly full".to_owned(),
        Some(Event::Full(_)) => "full: a caller was turned away".to_owned(),
        Some(Event::LoggedIn(_)) => "its owner came in".to_owned(),
        Some(Event::WrongPin(_)) => "a wrong PIN".to_owned(),
        Some(Event::LockedOut(_)) => "PINs are not taken for a while: too many were wrong".to_owned(),
        None => "something that this version does not know".to_owned(),
    }
}
