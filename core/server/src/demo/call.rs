//! A call that shows the main job with no phone at hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sip::Flow;
use switch::{Cdr, Event};

use super::phone::Phone;
use super::{Login, tone};
use crate::observer::Observer;
use crate::run::{Station, open_store, runtime};
use crate::settings::Settings;

const TALK: Duration = Duration::from_millis(1500);
const ALMON: f64 = 440.0;
const EMMA: f64 = 880.0;

/// Two built-in phones register with an exchange of their own; one calls the other; each must hear the other's tone.
pub(crate) fn demo_call() -> Result<()> {
    let mut settings = Settings::default();
    settings.sip.listen = vec!["udp:127.0.0.1:0".to_owned()];
    settings.admin.listen = String::new();
    settings.metrics.listen = String::new();
    settings.store.url = "sqlite::memory:".to_owned();
    let folder = std::env::temp_dir().join(format!("strowger-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("a folder for the demonstration")?;
    let shown = runtime()?.block_on(show(&settings, &folder));
    let _ = std::fs::remove_dir_all(&folder);
    shown
}

async fn show(settings: &Settings, folder: &std::path::Path) -> Result<()> {
    let begun = Instant::now();
    let store = open_store(settings, folder).await?;
    let Some((_, logins)) = super::make(&store).await? else { bail!("the demonstration has no tenant") };
    let ladder = Arc::new(Ladder::new());
    let station = Station::start(settings, folder, store, Some(ladder.clone())).await?;
    let address: SocketAddr =
        station.sip.iter().find_map(|sip| sip.strip_prefix("udp:")?.parse().ok()).context("no UDP address")?;
    tell(&format!(
        "An exchange listens on {address}. Two phones register; 1001 calls 1002 through the office dialplan.\n"
    ));
    let watched = ladder.clone();
    let heard = tokio::task::spawn_blocking(move || call(&logins, address, &watched)).await??;
    tokio::time::sleep(Duration::from_millis(300)).await;
    station.stop(Duration::ZERO, std::future::pending()).await;
    ladder.print();
    tell("\nWhat was heard (share of the sound that is the other's tone):");
    for (who, samples, wanted) in [("1001", &heard.0, EMMA), ("1002", &heard.1, ALMON)] {
        let share = tone::share(samples, wanted);
        tell(&format!("  {who} hears {wanted:.0} Hz: {:.0} % of {} ms", share * 100.0, samples.len() / 8));
        if share < 0.9 {
            bail!("{who} does not hear the other");
        }
    }
    tell(&format!(
        "\nDone in {:.1} s. `strowger run --demo` starts an exchange for phones of your own.",
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// The call itself. Gives what each heard.
fn call(logins: &[Login], address: SocketAddr, ladder: &Ladder) -> Result<(Vec<f64>, Vec<f64>)> {
    let [one, other] = logins else { bail!("the demonstration has two users") };
    let mut almon = Phone::new(one.clone(), address, ALMON)?;
    let mut emma = Phone::new(other.clone(), address, EMMA)?;
    ladder.name(&almon, "1001");
    ladder.name(&emma, "1002");
    almon.register()?;
    emma.register()?;
    let callee = std::thread::spawn(move || -> Result<Vec<f64>> {
        let talk = emma.answer(Duration::from_millis(300))?;
        let heard = emma.talk(&talk, TALK)?;
        emma.wait_for_bye()?;
        Ok(heard)
    });
    let talk = almon.call("1002")?;
    let heard = almon.talk(&talk, TALK)?;
    almon.hang_up(&talk)?;
    let other = callee.join().map_err(|_| anyhow::anyhow!("the callee's phone broke"))??;
    Ok((heard, other))
}

/// Prints to the terminal.
#[allow(clippy::print_stdout, reason = "what the user asked to see")]
fn tell(text: &str) {
    println!("{text}");
}

/// Every message as a rung, and what was decided beside it.
pub(crate) struct Ladder {
    begun: Instant,
    rungs: Mutex<Vec<(Duration, Rung)>>,
    names: Mutex<BTreeMap<SocketAddr, &'static str>>,
}

enum Rung {
    In(SocketAddr, String),
    Out(SocketAddr, String),
    Note(String),
}

impl Ladder {
    fn new() -> Self {
        Self { begun: Instant::now(), rungs: Mutex::default(), names: Mutex::default() }
    }

    fn name(&self, phone: &Phone, name: &'static str) {
        if let Ok(address) = phone.address() {
            self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(address, name);
        }
    }

    fn add(&self, rung: Rung) {
        self.rungs.lock().unwrap_or_else(PoisonError::into_inner).push((self.begun.elapsed(), rung));
    }

    fn print(&self) {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |address: &SocketAddr| names.get(address) == Some(&"1001");
        tell("      ms  1001                                exchange                               1002");
        for (time, rung) in self.rungs.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let ms = time.as_secs_f64() * 1000.0;
            match rung {
                Rung::In(from, line) if left(from) => {
                    tell(&format!("{ms:8.1}   ├─{line:─<34.34}►│                                      │"));
                }
                Rung::In(_, line) => {
                    tell(&format!("{ms:8.1}   │                                    │◄{line:─<35.35}─┤"));
                }
                Rung::Out(to, line) if left(to) => {
                    tell(&format!("{ms:8.1}   │◄{line:─<34.34}─┤                                      │"));
                }
                Rung::Out(_, line) => {
                    tell(&format!("{ms:8.1}   │                                    ├─{line:─<35.35}►│"));
                }
                Rung::Note(text) => tell(&format!("{ms:8.1}   · {text}")),
            }
        }
    }
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    line.trim_end_matches(" SIP/2.0").trim_start_matches("SIP/2.0 ").to_owned() + " "
}

impl Observer for Ladder {
    fn received(&self, flow: &Flow, bytes: &[u8]) {
        self.add(Rung::In(flow.remote, first_line(bytes)));
    }

    fn sent(&self, flow: &Flow, bytes: &[u8]) {
        self.add(Rung::Out(flow.remote, first_line(bytes)));
    }

    fn event(&self, event: &Event) {
        let note = match event {
            Event::Arrived(invitation) => {
                format!("call {} from {} to {}", invitation.uid, invitation.caller.user, invitation.callee.user)
            }
            Event::Attached(label) => format!("dialplan `{}` decides (version {:.12})", label.name, label.version),
            Event::Ringing { target } => format!("{target} rings"),
            Event::Bridged { target } => format!("through to {target}"),
            Event::Ended(ending) => {
                format!("ended by the {:?} with cause {}", ending.by, ending.cause.0).to_lowercase()
            }
            Event::Reply(switch::Reply::Dialled(outcome)) => format!("the dial came out: {outcome:?}"),
            Event::SpendingSoonOver(_)
            | Event::Reply(_)
            | Event::Held(_)
            | Event::Resumed(_)
            | Event::Key(_)
            | Event::Speaking(_)
            | Event::Recording { .. }
            | Event::Playing { .. }
            | Event::Played { .. }
            | Event::MessageRecording { .. }
            | Event::RoomRecorded { .. } => return,
        };
        self.add(Rung::Note(note));
    }

    fn record(&self, cdr: &Cdr) {
        let seconds = |from: Option<std::time::SystemTime>| {
            from.and_then(|from| cdr.ended.duration_since(from).ok()).map_or(0.0, |time| time.as_secs_f64())
        };
        self.add(Rung::Note(format!(
            "CDR: {} → {}, {:?}, answered by {}, {:.1} s, cause {}, {} legs",
            cdr.caller,
            cdr.callee,
            cdr.disposition,
            cdr.answered_by.as_deref().unwrap_or("nobody"),
            seconds(cdr.answered),
            cdr.cause.0,
            cdr.legs.len()
        )));
        for leg in &cdr.legs {
            if let Some(media) = leg.media {
                self.add(Rung::Note(format!(
                    "CDR: leg {}: {} packets in, {} out, {} lost, jitter {}",
                    leg.party,
                    media.packets_in,
                    media.packets_out,
                    media.lost,
                    media
                        .jitter_us
                        .map_or("unknown".to_owned(), |jitter| format!("{:.1} ms", f64::from(jitter) / 1000.0))
                )));
            }
        }
    }
}
