//! The server that is measured: its own folder, its own ports, a tenant with users and a dialplan.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::place;
use crate::tool::{Outcome, Told, fail};

/// Calls come from here; the tenant takes it for a peer, as a carrier's gateway would be.
pub(crate) const CALLER: &str = "127.0.0.2";
/// The callee is here.
pub(crate) const CALLEE: &str = "127.0.0.3";
/// Registrations come from here.
pub(crate) const PHONES: &str = "127.0.0.9";
/// Whom all calls are for.
pub(crate) const EXTENSION: &str = "1000";
/// Not a secret: the database lives as long as the measurement.
pub(crate) const PASSWORD: &str = "measured";

const TENANT: &str = "bench";
const LONGEST_START: Duration = Duration::from_secs(60);

/// A folder that is removed in the end.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn make() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("strowger-bench.{}", std::process::id()));
        fs::create_dir_all(&path).told(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Folder {
    /// How many bytes of recordings there are.
    pub(crate) fn recorded(&self) -> Outcome<u64> {
        fn below(path: &Path) -> u64 {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let size = |entry: fs::DirEntry| match entry.metadata() {
                Ok(told) if told.is_dir() => below(&entry.path()),
                told => told.map_or(0, |told| told.len()),
            };
            entries.map(size).sum()
        }
        Ok(below(&self.0.join("data/tenants")))
    }
}

/// A prompt of the default language: a tone of so long, as WAV of 16 bits and 8 kHz.
pub(crate) fn record_prompt(folder: &Folder, name: &str, time: Duration) -> Outcome {
    let samples = usize::try_from(time.as_millis()).unwrap_or(0) * 8;
    let sound: Vec<u8> =
        (0..samples).flat_map(|at| if at % 16 < 8 { 4_000_i16 } else { -4_000 }.to_le_bytes()).collect();
    let length = u32::try_from(sound.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::from(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    // 16 bytes of format: PCM of one channel, 8,000 samples and 16,000 bytes a second, 2 bytes and 16 bits a sample.
    bytes.extend([16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(sound);
    let path = folder.0.join("prompts/en").join(format!("{name}.wav"));
    let made = fs::create_dir_all(folder.0.join("prompts/en")).and_then(|()| fs::write(&path, bytes));
    made.told(|| format!("cannot write {}", path.display()))
}

/// A prompt of the default language out of this file.
pub(crate) fn lend_prompt(folder: &Folder, from: &Path, name: &str) -> Outcome {
    let path = folder.0.join("prompts/en").join(format!("{name}.wav"));
    let made = fs::create_dir_all(folder.0.join("prompts/en")).and_then(|()| fs::copy(from, &path));
    made.map(drop).told(|| format!("cannot copy {} to {}", from.display(), path.display()))
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Exchange {
    program: PathBuf,
    data: PathBuf,
    child: Child,
    /// Where it takes SIP.
    pub(crate) sip: SocketAddr,
    admin: String,
    /// From the start of the program to its word that all listens.
    pub(crate) started_in: Duration,
}

impl Exchange {
    /// Starts one on the data of `folder`, made at the first start.
    pub(crate) fn start(program: &Path, folder: &Folder) -> Outcome<Self> {
        let (data, ready) = (folder.0.join("data"), folder.0.join("ready"));
        let _ = fs::remove_file(&ready);
        let log = folder.0.join("log");
        let log =
            fs::File::options().create(true).append(true).open(&log).told(|| "cannot write the log".to_owned())?;
        let mut command = Command::new(program);
        command.args(["run", "--data"]).arg(&data).arg("--ready-file").arg(&ready).current_dir(&folder.0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).env_remove("RUST_LOG");
        for (name, value) in [
            ("SIP__LISTEN", "udp:127.0.0.1:0"),
            ("ADMIN__LISTEN", "127.0.0.1:0"),
            ("METRICS__LISTEN", "127.0.0.1:0"),
            // Four ports for every call that is up.
            ("MEDIA__PORTS", "10000-49999"),
            // What sipp answers, and what the others were measured with.
            ("AUTH__ALGORITHMS", "MD5"),
        ] {
            command.env(format!("STROWGER__{name}"), value);
        }
        command.env("STROWGER__MEDIA__PROMPTS", folder.0.join("prompts"));
        let begun = Instant::now();
        let child = command.spawn().told(|| format!("cannot start {}", program.display()))?;
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut exchange = Self {
            program: program.to_owned(),
            data,
            child,
            sip: unknown,
            admin: String::new(),
            started_in: Duration::ZERO,
        };
        while !ready.exists() {
            if begun.elapsed() > LONGEST_START || exchange.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                let log = fs::read_to_string(folder.0.join("log")).unwrap_or_default();
                return fail(format!("the server did not start:\n{log}"));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        exchange.started_in = begun.elapsed();
        let text = place::text(&ready)?;
        let after = |key: &str| text.split_once(key).and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
        match (after("\"udp:").and_then(|address| address.parse().ok()), after("\"admin\":\"")) {
            (Some(sip), Some(admin)) => (exchange.sip, exchange.admin) = (sip, admin),
            _ => return fail(format!("the ready file is not as expected: {text}")),
        }
        Ok(exchange)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The tenant, the callee, and so many users who register.
    pub(crate) fn furnish(&self, users: usize) -> Outcome {
        self.operate(&["tenant", "create", TENANT, "--domain", "127.0.0.1", "--peer", CALLER], "")?;
        let create = ["user", "create", "--tenant", TENANT, "--password-stdin"];
        let password = format!("{PASSWORD}\n");
        self.operate(&[&create[..], &[EXTENSION, "--extension", EXTENSION]].concat(), &password)?;
        for number in 0..users {
            self.operate(&[&create[..], &[&user(number)]].concat(), &password)?;
        }
        Ok(())
    }

    /// A conference room for as many as may be, who come and go without a sound.
    pub(crate) fn keep_room(&self, name: &str) -> Outcome {
        self.operate(&["room", "add", name, "--tenant", TENANT, "--maximum", "1000", "--entry", "none"], "")
    }

    /// The callee is offered this codec alone, or what callers speak (`inherit`).
    pub(crate) fn permit_codec(&self, codec: &str) -> Outcome {
        self.operate(&["user", "set", EXTENSION, "--codecs", codec, "--tenant", TENANT], "")
    }

    /// New calls are given to this dialplan.
    pub(crate) fn upload(&self, guest: &Path) -> Outcome {
        let guest = guest.display().to_string();
        self.operate(&["dialplan", "upload", &guest, "--activate", "--tenant", TENANT], "")
    }

    /// New calls take the built-in route.
    pub(crate) fn deactivate(&self) -> Outcome {
        self.operate(&["dialplan", "deactivate", "--tenant", TENANT], "")
    }

    /// A verb of the command line, as an operator types it.
    pub(crate) fn operate(&self, words: &[&str], input: &str) -> Outcome {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--json", "--endpoint"]).arg(format!("http://{}", self.admin));
        command.arg("--token-file").arg(self.data.join("admin.token"));
        let told = || format!("strowger {}", words.join(" "));
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = pipes.spawn().told(told)?;
        if let Some(mut pipe) = child.stdin.take() {
            // A program that has failed already says so below.
            let _ = pipe.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().told(told)?;
        if output.status.success() {
            return Ok(());
        }
        fail(format!("`{}`: {}", told(), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The name of a user who registers.
pub(crate) fn user(number: usize) -> String {
    format!("u{number:05}")
}
