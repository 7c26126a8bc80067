//! Load: sipp as caller, as callee, and as many phones that register.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::exchange::{CALLEE, CALLER, EXTENSION, Exchange, Folder, PASSWORD, PHONES, user};
use crate::place;
use crate::tool::{Outcome, Told, fail};

const SCENES: &[(&str, &str)] = &[
    ("caller.xml", include_str!("scenes/caller.xml")),
    ("callee.xml", include_str!("scenes/callee.xml")),
    ("register.xml", include_str!("scenes/register.xml")),
    ("subscribe.xml", include_str!("scenes/subscribe.xml")),
];

/// What sipp has come to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) repeated: u32,
}

/// How calls come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) rate: u32,
    pub(crate) calls: u32,
    pub(crate) hold: Duration,
}

/// All phones of a measurement.
#[derive(Debug)]
pub(crate) struct Phones {
    folder: PathBuf,
    server: SocketAddr,
    /// Where the callee is registered, and always comes back to.
    pub(crate) callee: u16,
}

/// A sipp that runs; it is stopped when it goes out of sight.
#[derive(Debug)]
pub(crate) struct Sipp {
    child: Child,
    table: PathBuf,
}

impl Phones {
    /// Lays the scenes out and registers the callee, always at one port: registrations outlive a server.
    pub(crate) fn new(folder: &Folder, exchange: &Exchange, users: usize, callee: u16) -> Outcome<Self> {
        for (name, text) in SCENES {
            // What sipp sends must not be indented.
            let text: String = text.lines().flat_map(|line| [line.trim_start(), "\n"]).collect();
            fs::write(folder.0.join(name), text).told(|| format!("cannot write {name}"))?;
        }
        let phones = Self { folder: folder.0.clone(), server: exchange.sip, callee };
        phones.list("callee.csv", std::iter::once(EXTENSION.to_owned()))?;
        phones.list("users.csv", (0..users).map(user))?;
        let words = ["-inf", "callee.csv", "-r", "1", "-m", "1"];
        let tally = phones.sipp("register.xml", CALLEE, callee, &words)?.wait(Duration::from_secs(20))?;
        if tally.done == 1 { Ok(phones) } else { fail("the callee could not register") }
    }

    fn list(&self, file: &str, users: impl Iterator<Item = String>) -> Outcome {
        let rows = users.map(|user| format!("{user};[authentication username={user} password={PASSWORD}]\n"));
        fs::write(self.folder.join(file), format!("SEQUENTIAL\n{}", rows.collect::<String>()))
            .told(|| format!("cannot write {file}"))
    }

    /// Somebody who takes every call.
    pub(crate) fn answer(&self) -> Outcome<Sipp> {
        let mut sipp = self.sipp("callee.xml", CALLEE, self.callee, &["-mp", "10000"])?;
        std::thread::sleep(Duration::from_millis(300));
        if sipp.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return fail("sipp cannot take calls");
        }
        Ok(sipp)
    }

    /// A gateway that takes every call.
    pub(crate) fn take_calls(&self, ip: &str, port: u16) -> Outcome<Sipp> {
        // Its media is not measured: the scene names a port of its own.
        let mut sipp = self.named("callee.xml", &format!("gateway-{port}"), (ip, port), &[])?;
        std::thread::sleep(Duration::from_millis(300));
        if sipp.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return fail("sipp cannot take calls");
        }
        Ok(sipp)
    }

    /// Somebody who calls, again and again.
    pub(crate) fn call(&self, flood: Flood) -> Outcome<Sipp> {
        self.call_number(EXTENSION, flood)
    }

    /// The same to this number.
    pub(crate) fn call_number(&self, number: &str, flood: Flood) -> Outcome<Sipp> {
        let [rate, calls] = [flood.rate, flood.calls].map(|number| number.to_string());
        let hold = flood.hold.as_millis().to_string();
        let words = ["-s", number, "-r", &rate, "-m", &calls, "-d", &hold, "-l", "15000", "-mp", "12000"];
        self.sipp("caller.xml", CALLER, free_port(CALLER)?, &words)
    }

    /// Many users register, one after the other and again.
    pub(crate) fn register(&self, rate: u32, times: u32) -> Outcome<Sipp> {
        let [rate, times] = [rate, times].map(|number| number.to_string());
        let words = ["-inf", "users.csv", "-r", &rate, "-m", &times, "-l", "15000"];
        self.sipp("register.xml", PHONES, free_port(PHONES)?, &words)
    }

    /// So many users subscribe to their lamps at this port, one after the other and again.
    pub(crate) fn subscribe(&self, port: u16, users: usize, times: u32) -> Outcome<Sipp> {
        self.list("owners.csv", (0..users).map(user))?;
        let times = times.to_string();
        self.sipp("subscribe.xml", PHONES, port, &["-inf", "owners.csv", "-r", "500", "-m", &times, "-l", "15000"])
    }

    fn sipp(&self, scene: &str, ip: &str, port: u16, words: &[&str]) -> Outcome<Sipp> {
        self.named(scene, scene, (ip, port), words)
    }

    /// A sipp whose files have this name: several may play one scene.
    fn named(&self, scene: &str, name: &str, (ip, port): (&str, u16), words: &[&str]) -> Outcome<Sipp> {
        let table = self.folder.join(format!("{name}.stat"));
        let _ = fs::remove_file(&table);
        let mut command = Command::new("sipp");
        command.args(["-sf", scene, "-i", ip, "-bind_local", "-p", &port.to_string(), "-nostdin"]).args(words);
        // A burst must not be lost in sipp's own buffers.
        command.args(["-buff_size", "4194304", "-recv_timeout", "20000", "-trace_stat", "-fd", "1", "-stf"]);
        command.arg(&table).args(["-trace_err", "-error_file"]).arg(self.folder.join(format!("{name}.errors")));
        command.arg(self.server.to_string()).current_dir(&self.folder);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn().told(|| "cannot start sipp (Debian: sip-tester)".to_owned())?;
        Ok(Sipp { child, table })
    }
}

impl Sipp {
    /// Waits until it has done all that it was told.
    pub(crate) fn wait(mut self, longest: Duration) -> Outcome<Tally> {
        let begun = Instant::now();
        while self.child.try_wait().told(|| "sipp is lost".to_owned())?.is_none() {
            if begun.elapsed() > longest {
                return fail("sipp came to no end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let [done, failed, repeated] = self.counted(["SuccessfulCall(C)", "FailedCall(C)", "Retransmissions(C)"])?;
        Ok(Tally { done, failed, repeated })
    }

    /// It is gone without a word to anybody; how many calls it had a second before at most.
    pub(crate) fn dies(&mut self) -> Outcome<u32> {
        let [held] = self.counted(["CurrentCall"])?;
        let _ = self.child.kill();
        let _ = self.child.wait();
        Ok(held)
    }

    /// The last values of these columns of its table, which it writes every second.
    fn counted<const N: usize>(&self, columns: [&str; N]) -> Outcome<[u32; N]> {
        let text = place::text(&self.table)?;
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let (Some(names), Some(last)) = (lines.next(), lines.next_back()) else { return fail("sipp counted nothing") };
        let of = |name: &str| {
            let at = names.split(';').position(|known| known == name)?;
            last.split(';').nth(at)?.parse().ok()
        };
        let mut values = [0; N];
        for (value, column) in values.iter_mut().zip(columns) {
            let Some(found) = of(column) else { return fail(format!("sipp's table has no column {column}")) };
            *value = found;
        }
        Ok(values)
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // Its processor time counts for us from now on.
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port(ip: &str) -> Outcome<u16> {
    let told = || format!("no free port on {ip}");
    Ok(UdpSocket::bind((ip, 0)).and_then(|socket| socket.local_addr()).told(told)?.port())
}
