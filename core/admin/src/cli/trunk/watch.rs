//! What happens to trunks, a line each.

use std::io::Write;

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::trunk::view;
use crate::cli::{json, words};
use crate::v1::trunk_event::Event;
use crate::v1::{SpendingNews, TrunkEvent, WatchTrunksRequest};

pub(super) async fn watch(line: &Line, console: &mut Console, trunk: String) -> Result<(), Failure> {
    let mut events = line.trunks().watch(WatchTrunksRequest { trunk }).await?.into_inner();
    while let Some(event) = events.message().await? {
        if console.json {
            writeln!(console.out, "{}", json::line(&event)?)?;
            console.out.flush()?;
            continue;
        }
        if event.missed > 0 {
            console.note(&format!("{} events were missed: this reader was too slow", event.missed))?;
        }
        let about = if event.trunk.is_empty() { "-" } else { &event.trunk };
        let sentence = format!("{}  {about}  {}", console.clock(event.at), describe(console, &event));
        console.say(&sentence, &serde_json::Value::Null)?;
        console.out.flush()?;
    }
    console.note("the server ended the watch")
}

fn describe(console: &Console, event: &TrunkEvent) -> String {
    if let Some(now) = &event.now {
        let registration = view::registration(console, now.registration.as_ref());
        return format!("now: registration {registration}, gateways alive {}, {} calls", view::alive(now), now.calls);
    }
    match &event.event {
        Some(Event::Registration(registration)) => {
            format!("registration: {}", view::registration(console, Some(registration)))
        }
        Some(Event::Gateway(gateway)) => format!("gateway {}: {}", gateway.gateway, view::state(gateway.state())),
        Some(Event::Attempt(attempt)) => {
            let status = attempt.status.map_or_else(|| "given up".to_owned(), |status| status.to_string());
            let rang = attempt.rang_after.map(|time| format!(", rang after {}", words::millis(time)));
            format!("call by {}: {status}{}", attempt.gateway, rang.unwrap_or_default())
        }
        Some(Event::SpendingNear(news)) => format!("nearly spent: {}", spending(news)),
        Some(Event::SpendingOver(news)) => format!("limit reached: {}", spending(news)),
        None => "something that this version does not know".to_owned(),
    }
}

fn spending(news: &SpendingNews) -> String {
    let of = match (news.trunk.as_str(), news.user.as_str()) {
        ("", "") => format!("tenant {}", news.tenant),
        ("", user) => format!("user {user} of tenant {}", news.tenant),
        (trunk, _) => format!("trunk {trunk}"),
    };
    format!("{} of {of}", words::limit(news.limit()))
}
