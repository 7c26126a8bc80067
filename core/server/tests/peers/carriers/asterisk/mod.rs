//! Asterisk as the far PBX, in the chroot that `chroot.sh` makes: `STROWGER_TEST_ASTERISK` says where it is. Without it the
//! tests that need it do nothing, and `cargo xtask test` says so.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use switch::{FromForm, Ha1, Identity, Login, Registration, Trunk};
use tempfile::TempDir;

use super::outside::{gateway, trunk};
use crate::harness::until;
use crate::lane::Lane;

/// It gives back what it hears.
pub(crate) const ECHO: &str = "+4930123401";
/// It sends a tone of 880 Hz.
pub(crate) const TONE: &str = "+4930123402";
/// It reads four keys, and presses three.
pub(crate) const KEYS: &str = "+4930123403";
/// It is busy.
pub(crate) const BUSY: &str = "+4930123404";
const REALM: &str = "pbx.example";
const USER: &str = "strowger";
const PASSWORD: &str = "known to two";
const PATIENCE: Duration = Duration::from_secs(20);
/// How many ports it has for media.
const MEDIA: u16 = 16;

/// A running Asterisk.
#[derive(Debug)]
pub(crate) struct Asterisk {
    root: PathBuf,
    folder: TempDir,
    child: Child,
    port: u16,
}

impl Asterisk {
    /// Starts one, and waits until it takes commands; `None` where there is no Asterisk.
    pub(crate) fn start(lane: &Lane) -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("STROWGER_TEST_ASTERISK")?);
        assert!(root.join("usr/sbin/asterisk").is_file(), "{}: no Asterisk is there", root.display());
        let folder = TempDir::with_prefix_in("strowger-asterisk-", root.join("tmp")).expect("a folder: root is needed");
        let (port, media) = (lane.ports(2), lane.ports(MEDIA));
        let mut asterisk = Files { root: &root, folder: folder.path(), port, media };
        asterisk.write();
        let log = File::create(folder.path().join("out.log")).expect("a log file");
        // Its own mounts, which end with it.
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", INSIDE, "sh"])
            .arg(&root)
            .args(["-C", &asterisk.inside("asterisk.conf"), "-f", "-g"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("unshare starts");
        let started = Self { root, folder, child, port };
        until("asterisk has booted", PATIENCE, || {
            started.told("core waitfullybooted").contains("fully booted").then_some(())
        });
        Some(started)
    }

    /// What it says to a command.
    pub(crate) fn told(&self, command: &str) -> String {
        let files = Files { root: &self.root, folder: self.folder.path(), port: self.port, media: 0 };
        let mut asked = Command::new("chroot");
        asked.arg(&self.root).args(["/usr/sbin/asterisk", "-C", &files.inside("asterisk.conf"), "-rx", command]);
        let said = asked.stdin(Stdio::null()).output().expect("chroot runs");
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// The agreement with it: we register there, and say in From by which account we call.
    pub(crate) fn trunk(&self) -> Trunk {
        let ha1 = Ha1::of(USER, REALM, PASSWORD);
        let registration = Registration { user: USER.to_owned(), domain: None, expires: Duration::from_secs(120) };
        Trunk {
            login: Some(Login { user: USER.to_owned(), realm: REALM.to_owned(), ha1 }),
            registration: Some(registration),
            identity: Identity { from: FromForm::Login, ..Identity::default() },
            ..trunk("asterisk", [gateway("pbx", self.port)])
        }
    }

    /// Waits until it has logged this.
    pub(crate) fn says(&self, words: &str) {
        until(&format!("asterisk says `{words}`"), PATIENCE, || self.log_text().contains(words).then_some(()));
    }

    fn log_text(&self) -> String {
        ["messages", "out.log"].iter().fold(String::new(), |text, name| {
            let bytes = std::fs::read(self.folder.path().join(name)).unwrap_or_default();
            text + &String::from_utf8_lossy(&bytes)
        })
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- asterisk ----\n{}", self.log_text());
        }
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

const INSIDE: &str =
    r#"mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" /usr/sbin/asterisk "$@""#;

/// Its settings.
struct Files<'a> {
    root: &'a Path,
    folder: &'a Path,
    port: u16,
    media: u16,
}

impl Files<'_> {
    /// The name of a file as Asterisk has it.
    fn inside(&self, name: &str) -> String {
        let folder = self.folder.strip_prefix(self.root).expect("it is inside");
        Path::new("/").join(folder).join(name).display().to_string()
    }

    fn write(&mut self) {
        let words = [
            ("port", self.port.to_string()),
            ("password", PASSWORD.to_owned()),
            ("echo", ECHO.to_owned()),
            ("tone", TONE.to_owned()),
            ("keys", KEYS.to_owned()),
            ("busy", BUSY.to_owned()),
        ];
        for (name, text) in [
            ("pjsip", include_str!("pjsip.conf")),
            ("extensions", include_str!("extensions.conf")),
            ("modules", include_str!("modules.conf")),
        ] {
            let text = words
                .iter()
                .fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value));
            self.put(name, &text);
        }
        self.put(
            "rtp",
            &format!("[general]\nrtpstart={}\nrtpend={}\nicesupport=no\n", self.media, self.media + MEDIA - 1),
        );
        self.put("logger", "[general]\n[logfiles]\nmessages => notice,warning,error\n");
        for off in ["cdr", "cel"] {
            self.put(off, "[general]\nenable=no\n");
        }
        for off in ["http", "manager"] {
            self.put(off, "[general]\nenabled=no\n");
        }
        self.put("stasis", "[threadpool]\n[declined_message_types]\n");
        self.put("pjproject", "[startup]\n");
        self.put("acl", "");
        for plain in ["codecs", "features", "indications", "musiconhold", "udptl"] {
            self.put(plain, "[general]\n");
        }
        let own = ["etc", "varlib", "db", "key", "run", "log", "spool"];
        let own = own.map(|name| format!("ast{name}dir => {}\n", self.inside(""))).concat();
        self.put(
            "asterisk",
            &format!("[directories]\n{own}astdatadir => /usr/share/asterisk\nastmoddir => {}\n", self.modules()),
        );
    }

    /// Debian keeps the modules in a folder of the processor's kind.
    fn modules(&self) -> String {
        let kinds = std::fs::read_dir(self.root.join("usr/lib")).expect("folders of libraries").flatten();
        let mut found = kinds.map(|kind| kind.path().join("asterisk/modules")).filter(|path| path.is_dir());
        let path = found.next().expect("the modules");
        Path::new("/").join(path.strip_prefix(self.root).expect("it is inside")).display().to_string()
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name).with_extension("conf"), text).expect("its settings are written");
    }
}
