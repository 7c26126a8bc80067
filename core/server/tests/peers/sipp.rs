//! sipp, playing one of the scenarios beside this file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Exchange, Over, program, until};

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// A scenario about to be played.
#[derive(Debug)]
pub(crate) struct Sipp<'a> {
    exchange: &'a Exchange,
    scenario: &'static str,
    over: Over,
    port: u16,
    calls: u32,
    rate: u32,
    user: String,
    words: Vec<(&'static str, String)>,
}

/// A scenario that is being played.
#[derive(Debug)]
pub(crate) struct Playing {
    name: String,
    child: Child,
    port: u16,
    files: PathBuf,
}

impl<'a> Sipp<'a> {
    /// The scenario of this name, played once over UDP by user 1001.
    pub(crate) fn plays(exchange: &'a Exchange, scenario: &'static str) -> Self {
        let port = exchange.lane.ports(1);
        let user = "1001".to_owned();
        Self { exchange, scenario, over: Over::Udp, port, calls: 1, rate: 10, user, words: Vec::new() }
    }

    /// Whose phone it is.
    pub(crate) fn by(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Whom it calls.
    pub(crate) fn to(self, callee: &str) -> Self {
        self.with("callee", callee)
    }

    /// How it reaches the exchange.
    pub(crate) fn over(mut self, over: Over) -> Self {
        assert_ne!(over, Over::Tls, "Debian's sipp has no TLS");
        self.over = over;
        self
    }

    /// From which port.
    pub(crate) fn at(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How often, and how many a second.
    pub(crate) fn times(mut self, calls: u32, rate: u32) -> Self {
        (self.calls, self.rate) = (calls, rate);
        self
    }

    /// Sets a word of the scenario: the first that is set counts.
    pub(crate) fn with(mut self, word: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.words.push((word, value.to_string()));
        self
    }

    /// Plays it to its end, which must be a good one.
    pub(crate) fn succeeds(self) {
        self.start().succeeds();
    }

    /// Begins to play, and waits until it can be reached.
    pub(crate) fn start(self) -> Playing {
        let name = format!("{}-{}-{}", self.scenario, self.user, self.port);
        let files = self.exchange.path(&name);
        let file = |extension: &str| files.with_extension(extension);
        std::fs::write(file("xml"), self.text()).expect("the scenario is written");
        let output = File::create(file("screen.log")).expect("a log file");
        let ip = self.over.host().trim_matches(['[', ']']);
        let child = Command::new(program("sipp"))
            .arg(self.exchange.address(self.over).to_string())
            .args(["-sf".as_ref(), file("xml").as_os_str()])
            .args(["-i", ip, "-mi", ip, "-p", &self.port.to_string()])
            .args(["-t", if self.over.transport() == "tcp" { "t1" } else { "u1" }])
            .args(["-m", &self.calls.to_string(), "-r", &self.rate.to_string(), "-l", &self.calls.to_string()])
            // The digest is counted over the Request-URI, which sipp does not do by itself.
            .args(["-auth_uri", &self.uri(&self.exchange.address(self.over).to_string())])
            .args(["-timeout", &PATIENCE.as_secs().to_string(), "-timeout_error", "-nostdin"])
            .args(["-trace_err", "-error_file"])
            .arg(file("errors.log"))
            .args(["-trace_msg", "-message_file"])
            .arg(file("messages.log"))
            .args(["-trace_logs", "-log_file"])
            .arg(file("notes.log"))
            .current_dir(self.exchange.path(""))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log file twice"))
            .stderr(output)
            .spawn()
            .expect("sipp starts");
        let mut playing = Playing { name, child, port: self.port, files };
        playing.waits_until_bound(self.over);
        playing
    }

    /// The Request-URI at this address, without scheme.
    fn uri(&self, address: &str) -> String {
        let callee = self.words.iter().find(|(word, _)| *word == "callee");
        callee.map_or_else(|| address.to_owned(), |(_, callee)| format!("{callee}@{address}"))
    }

    /// The scenario with all its words filled in.
    fn text(&self) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sipp").join(self.scenario);
        let mut text = std::fs::read_to_string(file.with_extension("xml")).expect("the scenario");
        // sipp would read the brackets of an IPv6 address as a word of its own: its own words stand for addresses.
        let contact = format!("<sip:{}@[local_ip]:[local_port];transport={}>", self.user, self.over.transport());
        let usual = [
            ("uri", self.uri("[remote_ip]:[remote_port]")),
            ("host", "[remote_ip]".to_owned()),
            ("user", self.user.clone()),
            ("password", format!("secret{}", self.user)),
            ("transport", self.over.transport().to_owned()),
            ("contact", contact),
            ("cseq", "1".to_owned()),
            ("expires", "600".to_owned()),
            ("ring", "100".to_owned()),
            ("talk", "200".to_owned()),
            ("rtp", "[media_port]".to_owned()),
            ("unrung", "false".to_owned()),
        ];
        for (word, value) in self.words.iter().chain(&usual) {
            text = text.replace(&format!("{{{{{word}}}}}"), value);
        }
        let left = text.find("{{").map(|at| text[at..].chars().take(20).collect::<String>());
        assert_eq!(left, None, "{}: a word that nobody set", self.scenario);
        text
    }
}

impl Playing {
    /// Waits for its end, which must be a good one.
    pub(crate) fn succeeds(mut self) {
        let status = self.ends();
        if status.code() != Some(0) {
            for kind in ["errors.log", "screen.log"] {
                let text = std::fs::read_to_string(self.files.with_extension(kind)).unwrap_or_default();
                eprintln!("---- {} {kind} ----\n{text}", self.name);
            }
            panic!("sipp {}: {status}", self.name);
        }
    }

    /// Waits for its end, however that is.
    pub(crate) fn finishes(mut self) {
        self.ends();
    }

    /// How often these words stand in what it has sent and received.
    pub(crate) fn has_seen(&self, words: &str) -> usize {
        let messages = std::fs::read(self.files.with_extension("messages.log")).unwrap_or_default();
        String::from_utf8_lossy(&messages).matches(words).count()
    }

    /// Waits until these words stand there.
    pub(crate) fn sees(&self, words: &str) {
        until(&format!("{} sees `{words}`", self.name), PATIENCE, || (self.has_seen(words) > 0).then_some(()));
    }

    /// The media port that the exchange named to this party.
    pub(crate) fn media_port(&self) -> u16 {
        until(&format!("{} learns the media port", self.name), PATIENCE, || {
            let notes = std::fs::read_to_string(self.files.with_extension("notes.log")).ok()?;
            notes.lines().find_map(|line| line.split_once("media port ")?.1.trim().parse().ok())
        })
    }

    fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE + Duration::from_secs(5);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < deadline, "sipp {} does not end", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A callee must be there before it is called.
    fn waits_until_bound(&mut self, over: Over) {
        let table = format!("/proc/net/{}{}", over.transport(), if over.is_v6() { "6" } else { "" });
        let port = format!(":{:04X}", self.port);
        let name = self.name.clone();
        until(&format!("sipp {name} is bound"), Duration::from_secs(10), || {
            let sockets = std::fs::read_to_string(&table).expect("the kernel's list of sockets");
            let bound =
                sockets.lines().any(|line| line.split_whitespace().nth(1).is_some_and(|at| at.ends_with(&port)));
            // A short scenario may be over before it was seen.
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            (bound || ended).then_some(())
        });
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Registers a user's phone, and says at which port it must now be reachable.
pub(crate) fn register(exchange: &Exchange, user: &str, over: Over) -> u16 {
    let port = exchange.lane.ports(1);
    Sipp::plays(exchange, "register").by(user).over(over).at(port).succeeds();
    port
}
