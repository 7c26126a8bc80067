//! Kamailio as a carrier: it registers one customer, wants it proven, and knows the world at one port.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use switch::{Ha1, Login, Registration, Trunk};
use tempfile::TempDir;

use super::outside::{at, trunk};
use crate::harness::until;
use crate::lane::Lane;
use crate::names::Names;
use crate::phone;

/// The carrier's domain, which is its realm too.
pub(crate) const DOMAIN: &str = "carrier.example";
const USER: &str = "acme";
const PASSWORD: &str = "known to two";
/// For how many seconds it grants a registration.
const EXPIRES: &str = "4";
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Kamailio.
#[derive(Debug)]
pub(crate) struct Kamailio {
    folder: TempDir,
    child: Option<Child>,
    starts: u32,
    port: u16,
    /// The world's phone is to be here.
    pub(crate) world: u16,
}

impl Kamailio {
    /// Starts one, and waits until it answers.
    pub(crate) fn start(lane: &Lane) -> Self {
        let folder = TempDir::with_prefix("strowger-kamailio-").expect("a folder");
        let (port, world) = (lane.ports(2), lane.ports(phone::PORTS));
        let mut text = include_str!("kamailio.cfg").to_owned();
        for (word, value) in [
            ("port", port.to_string()),
            ("world", world.to_string()),
            ("domain", DOMAIN.to_owned()),
            ("user", USER.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("expires", EXPIRES.to_owned()),
        ] {
            text = text.replace(&format!("{{{{{word}}}}}"), &value);
        }
        std::fs::write(folder.path().join("kamailio.cfg"), text).expect("its settings");
        let mut kamailio = Self { folder, child: None, starts: 0, port, world };
        kamailio.start_again();
        kamailio
    }

    /// Starts it anew: it knows nobody.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        self.starts += 1;
        let log = File::create(self.log()).expect("a log file");
        let child = Command::new(binary())
            .arg("-f")
            .arg(self.folder.path().join("kamailio.cfg"))
            .args(["-DD", "-E", "-m", "32", "-M", "4", "-w"])
            .arg(self.folder.path())
            .arg("-Y")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            // It has children, which end with it.
            .process_group(0)
            .spawn()
            .expect("kamailio starts");
        self.child = Some(child);
        let at = format!(":{:04X}", self.port);
        until("kamailio listens", PATIENCE, || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "kamailio did not start: {ended:?}\n{}", self.log_text());
            let sockets = std::fs::read_to_string("/proc/net/udp").expect("the kernel's list of sockets");
            sockets
                .lines()
                .any(|line| line.split_whitespace().nth(1).is_some_and(|own| own.ends_with(&at)))
                .then_some(())
        });
    }

    /// Ends it without a word to anybody.
    pub(crate) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Its name server: SRV records alone say where it is.
    pub(crate) fn names(&self) -> Names {
        let names = Names::start();
        names.srv(&format!("_sip._udp.{DOMAIN}"), 300, &format!("10 0 {} proxy.{DOMAIN}", self.port));
        names.a(&format!("proxy.{DOMAIN}"), 300, "127.0.0.1");
        names
    }

    /// The agreement with it.
    pub(crate) fn trunk(&self) -> Trunk {
        let ha1 = Ha1::of(USER, DOMAIN, PASSWORD);
        let registration = Registration { user: USER.to_owned(), domain: None, expires: Duration::from_secs(600) };
        Trunk {
            login: Some(Login { user: USER.to_owned(), realm: DOMAIN.to_owned(), ha1 }),
            registration: Some(registration),
            ..trunk("carrier", [at("proxy", DOMAIN, None)])
        }
    }

    /// What it has logged since it was last started.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// How often it has logged this.
    pub(crate) fn has_said(&self, words: &str) -> usize {
        self.log_text().matches(words).count()
    }

    /// Waits until it has logged this.
    pub(crate) fn says(&self, words: &str) {
        until(&format!("kamailio says `{words}`"), PATIENCE, || (self.has_said(words) > 0).then_some(()));
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join(format!("kamailio-{}.log", self.starts))
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- kamailio ----\n{}", self.log_text());
        }
    }
}

/// Debian keeps it where only root looks.
fn binary() -> PathBuf {
    let debian = Path::new("/usr/sbin/kamailio");
    assert!(debian.is_file(), "kamailio is not installed: run `cargo xtask test`");
    debian.to_owned()
}
