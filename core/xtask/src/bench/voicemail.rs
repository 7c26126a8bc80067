//! Voicemail: many callers who leave messages at once, and many phones that want to know their lamps after a restart.

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::exchange::{Exchange, Folder, PASSWORD, PHONES, user};
use super::machine::{Spent, Window};
use super::phones::{self, Phones};
use crate::tool::{Outcome, Told, fail};

/// The mailbox of all callers.
pub(crate) const MAILBOX: &str = "7000";
/// How long a message may be: the shortest that can be set.
const LONGEST: &str = "10";
/// A frame of 20 ms at 8 kHz, and a WAV's header.
const FRAME: usize = 160;
const HEADER: usize = 44;
/// Below this mean nothing is said: the tone of callers is a hundred times as loud.
const SILENT: i64 = 50;
const TENANT: &str = "bench";

/// A mailbox for as many as come.
pub(crate) fn keep_mailbox(exchange: &Exchange) -> Outcome {
    let words = ["mailbox", "create", MAILBOX, "--max-messages", "9999", "--max-minutes", "9999"];
    exchange.operate(&[&words[..], &["--longest", LONGEST, "--tenant", TENANT]].concat(), "")
}

/// What was found on the disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    pub(crate) messages: usize,
    /// The longest time in a message for which nothing is said, between its first and its last word.
    pub(crate) gap: Duration,
    /// The shortest message.
    pub(crate) shortest: Duration,
}

/// Waits until so many messages are whole, and looks at each.
pub(crate) fn examine(folder: &Folder, known: &BTreeSet<PathBuf>, wanted: usize, longest: Duration) -> Outcome<Found> {
    let begun = Instant::now();
    loop {
        let files: Vec<PathBuf> = messages(folder).into_iter().filter(|file| !known.contains(file)).collect();
        if files.len() >= wanted {
            let mut found = Found { messages: files.len(), shortest: Duration::MAX, ..Found::default() };
            for file in &files {
                let (length, gap) = gaps(file)?;
                found.gap = found.gap.max(gap);
                found.shortest = found.shortest.min(length);
            }
            return Ok(found);
        }
        if begun.elapsed() > longest {
            return fail(format!("{} of {wanted} messages are whole", files.len()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The files of messages that are whole.
pub(crate) fn messages(folder: &Folder) -> BTreeSet<PathBuf> {
    let tenants = fs::read_dir(folder.0.join("data/tenants")).into_iter().flatten().flatten();
    let files =
        tenants.flat_map(|tenant| fs::read_dir(tenant.path().join("recordings")).into_iter().flatten().flatten());
    files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "wav")).collect()
}

/// How long a message is, and the longest silence within it.
fn gaps(file: &Path) -> Outcome<(Duration, Duration)> {
    let bytes = fs::read(file).told(|| format!("cannot read {}", file.display()))?;
    let sound = bytes.get(HEADER..).unwrap_or_default();
    let loud: Vec<bool> = sound
        .chunks_exact(2 * FRAME)
        .map(|frame| {
            let samples = frame.chunks_exact(2).map(|pair| i64::from(i16::from_le_bytes([pair[0], pair[1]])).abs());
            samples.sum::<i64>() / FRAME as i64 > SILENT
        })
        .collect();
    let time = |frames: usize| Duration::from_millis(20) * u32::try_from(frames).unwrap_or(u32::MAX);
    let said = loud.iter().position(|loud| *loud).zip(loud.iter().rposition(|loud| *loud));
    let Some((first, last)) = said else { return Ok((time(loud.len()), time(loud.len()))) };
    let longest = loud[first..=last].split(|loud| *loud).map(<[bool]>::len).max().unwrap_or(0);
    Ok((time(loud.len()), time(longest)))
}

/// Users with mailboxes, beside those that are there, so that there are so many.
pub(crate) fn keep_owners(exchange: &Exchange, from: usize, to: usize) -> Outcome {
    let password = format!("{PASSWORD}\n");
    for number in from..to {
        exchange.operate(&["user", "create", &user(number), "--tenant", TENANT, "--password-stdin"], &password)?;
    }
    for number in 0..to {
        let name = user(number);
        exchange.operate(&["mailbox", "create", &name, "--owner", &name, "--tenant", TENANT], "")?;
    }
    Ok(())
}

/// What came of a restart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lit {
    /// From the start of the program until the last phone was told.
    pub(crate) after: Duration,
    pub(crate) spent: Spent,
    /// How many phones were told.
    pub(crate) told: usize,
}

/// So many phones subscribe at one port, where their NOTIFYs are read from then on.
pub(crate) fn subscribe(phones: &Phones, owners: usize, subscriptions: u32) -> Outcome<UdpSocket> {
    let port = phones::free_port(PHONES)?;
    let tally = phones.subscribe(port, owners, subscriptions)?.wait(Duration::from_secs(180))?;
    if tally.done < subscriptions {
        return fail(format!("{} of {subscriptions} phones could subscribe", tally.done));
    }
    // What is written within a second.
    std::thread::sleep(Duration::from_secs(2));
    let socket = UdpSocket::bind((PHONES, port)).told(|| format!("port {port} of {PHONES} is taken"))?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).told(|| "no timeout".to_owned())?;
    Ok(socket)
}

/// The exchange is started anew, and each of so many phones is told how its lamp is.
pub(crate) fn light(
    program: &Path,
    folder: &Folder,
    socket: &UdpSocket,
    subscriptions: u32,
) -> Outcome<(Exchange, Lit)> {
    let begun = Instant::now();
    let exchange = Exchange::start(program, folder)?;
    let window = Window::open(exchange.pid())?;
    let (mut told, mut last, mut bytes) = (BTreeSet::new(), begun, [0; 4096]);
    while told.len() < subscriptions as usize {
        let Ok((length, from)) = socket.recv_from(&mut bytes) else { break };
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if !text.starts_with("NOTIFY ") {
            continue;
        }
        let rows = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let echoed: String = text
            .lines()
            .filter(|line| rows.iter().any(|row| line.starts_with(row)))
            .flat_map(|line| [line, "\r\n"])
            .collect();
        let answer = format!("SIP/2.0 200 OK\r\n{echoed}Content-Length: 0\r\n\r\n");
        socket.send_to(answer.as_bytes(), from).told(|| "cannot answer".to_owned())?;
        let call = text.lines().find(|line| line.starts_with("Call-ID:")).unwrap_or_default();
        if told.insert(call.to_owned()) {
            last = Instant::now();
        }
    }
    Ok((exchange, Lit { after: last.duration_since(begun), spent: window.close()?, told: told.len() }))
}
