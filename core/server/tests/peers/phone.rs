//! baresip, as a phone that plays a tone and records what it hears.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Exchange, Over, program, until};
use crate::tone;

/// How long a phone may take for anything.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many ports a phone has.
pub(crate) const PORTS: u16 = 20;
/// Where Debian keeps baresip's modules.
const MODULES: &str = "/usr/lib/baresip/modules";

/// A running baresip.
#[derive(Debug)]
pub(crate) struct Phone {
    name: String,
    child: Child,
    control: TcpStream,
    /// What came over the control connection and was not looked at yet.
    news: String,
    recordings: PathBuf,
    /// Its ports for media.
    pub(crate) media: std::ops::Range<u16>,
}

impl Phone {
    /// Starts a phone of this user that sends a tone, registers, and answers calls by itself where `answers`.
    pub(crate) fn start(exchange: &Exchange, user: &str, hertz: f64, over: Over, answers: bool) -> Self {
        Self::of_codec("pcmu", exchange, user, hertz, over, answers)
    }

    /// The same of another codec alone.
    pub(crate) fn of_codec(
        codec: &str,
        exchange: &Exchange,
        user: &str,
        hertz: f64,
        over: Over,
        answers: bool,
    ) -> Self {
        Self::with_account(&format!("audio_codecs={codec}"), exchange, user, hertz, over, answers)
    }

    /// The same with these parameters of its account.
    pub(crate) fn with_account(
        account: &str,
        exchange: &Exchange,
        user: &str,
        hertz: f64,
        over: Over,
        answers: bool,
    ) -> Self {
        let answer = if answers { ";answermode=auto" } else { "" };
        let (address, transport) = (exchange.address(over), over.transport());
        let line = format!(
            "<sip:{user}@{address};transport={transport}>;auth_pass=secret{user};regint=60;{account}{answer}\n"
        );
        Self::launch(exchange, user, hertz, over, exchange.lane.ports(PORTS), &line)
    }

    /// A phone of the world behind a carrier: it registers nowhere, calls by the carrier, and is called at its first port.
    pub(crate) fn of_the_world(
        exchange: &Exchange,
        number: &str,
        hertz: f64,
        carrier: SocketAddr,
        port: u16,
        answers: bool,
    ) -> Self {
        let answer = if answers { ";answermode=auto" } else { "" };
        let line = format!("<sip:{number}@{carrier};transport=udp>;regint=0;audio_codecs=pcmu{answer}\n");
        Self::launch(exchange, number, hertz, Over::Udp, port, &line)
    }

    fn launch(exchange: &Exchange, name: &str, hertz: f64, over: Over, port: u16, account: &str) -> Self {
        let folder = exchange.path(&format!("phone-{name}"));
        let recordings = folder.join("heard");
        std::fs::create_dir_all(&recordings).expect("a folder for the phone");
        tone::write(&folder.join("tone.wav"), hertz, 30);
        // SIP, beside it TLS, then the control connection, then media.
        let control = SocketAddr::from(([127, 0, 0, 1], port + 2));
        let media = port + 4..port + PORTS;
        let ip = over.host().trim_matches(['[', ']']);
        let listen = format!("{}:{port}", over.host());
        let mut config = config(&folder, ip, &listen, control, media.clone());
        if over == Over::Tls {
            config.push_str(&format!("sip_cafile {}\n", exchange.path("authority.pem").display()));
        }
        std::fs::write(folder.join("config"), config).expect("the phone's settings");
        std::fs::write(folder.join("accounts"), account).expect("the phone's account");
        std::fs::write(folder.join("contacts"), "").expect("the phone's contacts");
        let log = File::create(exchange.path(&format!("phone-{name}.log"))).expect("a log file");
        let child = Command::new(program("baresip"))
            .arg(if over.is_v6() { "-6" } else { "-4" })
            .args(["-s", "-v", "-f"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            .spawn()
            .expect("baresip starts");
        let reached = until("baresip takes commands", PATIENCE, || TcpStream::connect(control).ok());
        reached.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        Self { name: name.to_owned(), child, control: reached, news: String::new(), recordings, media }
    }

    /// Calls somebody, and waits until they talk.
    pub(crate) fn calls(&mut self, uri: &str) {
        self.command("dial", uri);
        self.hears_of("CALL_ESTABLISHED");
    }

    /// Calls somebody, and waits for nothing.
    pub(crate) fn begins_to_call(&mut self, uri: &str) {
        self.command("dial", uri);
    }

    /// Calls somebody who cannot be reached, and waits until it knows.
    pub(crate) fn calls_in_vain(&mut self, uri: &str) {
        self.command("dial", uri);
        self.hears_of("CALL_CLOSED");
    }

    /// Waits until it has given up: it does not understand the challenge.
    pub(crate) fn gives_up_registering(self, exchange: &Exchange) {
        let log = exchange.path(&format!("phone-{}.log", self.name));
        until(&format!("phone {} gives up", self.name), PATIENCE, || {
            std::fs::read_to_string(&log).ok()?.contains("Register: Function not implemented").then_some(())
        });
    }

    /// Puts its call on hold: it offers to send alone (RFC 3264 §8.4).
    pub(crate) fn holds(&mut self) {
        self.command("hold", "");
    }

    /// Takes its call back from hold.
    pub(crate) fn resumes(&mut self) {
        self.command("resume", "");
    }

    /// Presses keys, told by RFC 4733.
    pub(crate) fn presses(&mut self, keys: &str) {
        self.command("sndcode", keys);
    }

    /// Hangs up.
    pub(crate) fn hangs_up(&mut self) {
        self.command("hangup", "");
        self.hears_of("CALL_CLOSED");
    }

    /// Says this from its next call on, in place of its tone; silence where there is no such file.
    pub(crate) fn says(&self, sound: &Path) {
        let said = self.recordings.with_file_name("tone.wav");
        if sound.is_file() {
            std::fs::copy(sound, said).expect("something to say");
        } else {
            tone::save(&said, &[0.0; 30 * tone::RATE as usize]);
        }
    }

    /// Waits until the far end has pressed these keys, one after the other.
    pub(crate) fn hears_keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.hears_of("CALL_DTMF_START");
            let told = self.news.split('}').next().unwrap_or_default();
            assert!(told.contains(&format!("\"param\":\"{key}\"")), "phone {}: {key} of {keys}, not {told}", self.name);
        }
    }

    /// Waits for an event of this type, after those that it has waited for before.
    pub(crate) fn hears_of(&mut self, event: &str) {
        let wanted = format!("\"type\":\"{event}\"");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.news.find(&wanted) {
                self.news.drain(..at + wanted.len());
                return;
            }
            assert!(Instant::now() < deadline, "phone {} does not hear of {event}: {}", self.name, self.news);
            let mut bytes = [0; 4096];
            if let Ok(length) = self.control.read(&mut bytes) {
                assert!(length > 0, "phone {} is gone: {}", self.name, self.news);
                self.news.push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        }
    }

    /// What this phone has heard, once that is so many seconds long.
    pub(crate) fn heard(&self, seconds: u32) -> Vec<f64> {
        let wanted = u64::from(seconds * tone::RATE * 2);
        until(&format!("phone {} hears {seconds} s", self.name), PATIENCE, || {
            let files = std::fs::read_dir(&self.recordings).ok()?;
            let mut files = files.filter_map(Result::ok).map(|entry| entry.path());
            let path = files.find(|path| path.to_string_lossy().ends_with("-dec.wav"))?;
            (std::fs::metadata(&path).ok()?.len() >= wanted).then(|| tone::read(&path))
        })
    }

    /// The same of a phone whose codec has another rate than telephony's.
    pub(crate) fn heard_wide(&self, seconds: u32) -> Vec<f64> {
        let own = until(&format!("phone {} records", self.name), PATIENCE, || {
            let files = std::fs::read_dir(&self.recordings).ok()?;
            files.flatten().map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with("-dec.wav"))
        });
        until(&format!("phone {} hears {seconds} s", self.name), PATIENCE, || {
            let samples = self.narrow(&own);
            (samples.len() >= (seconds * tone::RATE) as usize).then_some(samples)
        })
    }

    /// All that it has heard until now, of whatever rate its codec is: of each stream that it took up, in their order.
    pub(crate) fn heard_by_now(&self) -> Vec<f64> {
        let files = std::fs::read_dir(&self.recordings).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).collect();
        // Each is named after the time when it was begun.
        files.sort();
        files.iter().flat_map(|path| self.narrow(path)).collect()
    }

    /// A file that is still being written, at telephony's rate: its header does not say how long it is.
    fn narrow(&self, path: &Path) -> Vec<f64> {
        let narrow = self.recordings.with_file_name("narrow.wav");
        let mut sox = Command::new(program("sox"));
        sox.args(["-V1", "--ignore-length"]).arg(path).args(["-b", "16", "-c", "1", "-r", "8000"]).arg(&narrow);
        let done = sox.status().expect("sox runs").success();
        if done { tone::read(&narrow) } else { Vec::new() }
    }

    fn command(&mut self, command: &str, params: &str) {
        let text = serde_json::json!({ "command": command, "params": params }).to_string();
        // A netstring: length, colon, text, comma.
        write!(self.control, "{}:{text},", text.len()).expect("baresip takes the command");
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(folder: &Path, ip: &str, listen: &str, control: SocketAddr, media: std::ops::Range<u16>) -> String {
    let folder = folder.display();
    format!(
        "poll_method epoll
sip_listen {listen}
net_interface {ip}
call_local_timeout 120
call_max_calls 4
audio_player aubridge,nowhere
audio_source aufile,{folder}/tone.wav
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports {}-{}
rtcp_mux no
jitter_buffer_delay 2-10
module_path {MODULES}
module g711.so
module g722.so
module opus.so
module sndfile.so
module aufile.so
module aubridge.so
module srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {control}
snd_path {folder}/heard
ringback_disabled yes
statmode_default off
",
        media.start, media.end
    )
}
