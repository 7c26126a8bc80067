//! How letters are sent.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::letter::Address;

/// How letters are sent. The keys of the settings file are those of section `[mail]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who takes the letters. Without one no letter is sent, and none should be queued.
    pub server: Option<Server>,
    /// `mail.from`: the sender's address, where a tenant has none of its own.
    pub from: String,
    /// `mail.from_name`: the sender's name.
    pub from_name: String,
    /// `mail.hello`: how the exchange names itself to the server. `None`: by its address (RFC 5321 §4.1.3).
    pub hello: Option<String>,
    /// `mail.link`: the address before all links in letters, as `https://pbx.example.com/mailbox`. `None`: no links.
    pub link: Option<String>,
    /// `mail.authorities`: whose signature on the server's certificate is believed, a PEM file. `None`: those that the
    /// system believes.
    pub authorities: Option<PathBuf>,
    /// `mail.timeout_seconds`: how long the server may take for an answer. For the answer to a whole letter it has ten times
    /// as long: it may look for viruses (RFC 5321 §4.5.3.2).
    pub timeout: Duration,
    /// How long to wait before a letter is tried again.
    pub pauses: Pauses,
    /// `mail.give_up_days`: a letter that could not be sent for so long is given up.
    pub give_up: Duration,
    /// `mail.parallel`: how many letters are on their way at once.
    pub parallel: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: None,
            from: String::new(),
            from_name: "Voicemail".to_owned(),
            hello: None,
            link: None,
            authorities: None,
            timeout: Duration::from_secs(60),
            pauses: Pauses::default(),
            give_up: Duration::from_secs(5 * 24 * 3600),
            parallel: 2,
        }
    }
}

/// Who takes the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `mail.host`: its name, which its certificate must have, or its address.
    pub host: String,
    /// `mail.port`; see [`Security::port`].
    pub port: u16,
    /// `mail.security`.
    pub security: Security,
    /// `mail.user` and `mail.password`. `None`: the server asks for none.
    pub login: Option<Login>,
}

/// What the exchange says to be let in. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Who it is.
    pub user: String,
    /// What proves it.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"…").finish()
    }
}

/// How the line to the server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Not at all.
    None,
    /// It begins in the clear and is encrypted before anything is said that matters; a server that does not offer that gets
    /// nothing (RFC 3207).
    #[default]
    StartTls,
    /// It is encrypted from the first byte (RFC 8314 §3.3).
    Tls,
}

impl Security {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::StartTls, Self::Tls];

    /// Its name in the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StartTls => "starttls",
            Self::Tls => "tls",
        }
    }

    /// That of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// The port that servers listen on for it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// How long to wait between tries: twice as long each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After the first try.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: Duration::from_secs(30), longest: Duration::from_secs(30 * 60) }
    }
}

impl Server {
    /// It is on this machine: what is said to it nobody else hears.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl Config {
    /// Whether letters are sent at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.server.is_some()
    }

    /// A link for a letter, where there is an address for links. `path` is put behind it as it is.
    #[must_use]
    pub fn link_to(&self, path: &str) -> Option<String> {
        let base = self.link.as_deref()?.trim_end_matches('/');
        Some(format!("{base}/{}", path.trim_start_matches('/')))
    }

    /// Says the first thing that is wrong. [`Post::new`](crate::Post::new) asks too.
    ///
    /// # Errors
    /// [`Error::Setting`], with the key, its value and what to do.
    pub fn check(&self) -> Result<(), Error> {
        let Some(server) = &self.server else { return Ok(()) };
        server.check()?;
        if Address::parse(&self.from).is_err() {
            return Err(setting("mail.from", &self.from, "must be the sender's address, as pbx@example.com"));
        }
        let named = |name: &str| !name.is_empty() && name.bytes().all(|sign| sign.is_ascii_graphic());
        if let Some(hello) = self.hello.as_deref().filter(|name| !named(name)) {
            return Err(setting("mail.hello", hello, "must be a host's name, as pbx.example.com, or be left out"));
        }
        let address = |link: &str| link.starts_with("https://") || link.starts_with("http://");
        if let Some(link) = self.link.as_deref().filter(|link| !address(link) || !named(link)) {
            return Err(setting("mail.link", link, "must begin with https:// or http://, or be left out"));
        }
        if self.timeout.is_zero() {
            return Err(setting("mail.timeout_seconds", "0", "must be at least 1"));
        }
        if self.parallel == 0 {
            return Err(setting("mail.parallel", "0", "must be at least 1"));
        }
        Ok(())
    }
}

impl Server {
    fn check(&self) -> Result<(), Error> {
        let host = &self.host;
        if host.is_empty() || !host.bytes().all(|sign| sign.is_ascii_graphic()) {
            return Err(setting("mail.host", host, "must be a name, as mail.example.com, or an address"));
        }
        if self.port == 0 {
            return Err(setting("mail.port", "0", "must be 1 to 65535; usual are 587 with starttls and 465 with tls"));
        }
        let Some(login) = &self.login else { return Ok(()) };
        if login.user.is_empty() || login.password.is_empty() {
            return Err(setting("mail.user", &login.user, "needs mail.password beside it, and the other way round"));
        }
        if self.security == Security::None && !self.is_local() {
            let cure = format!(
                "would send the password of mail.user in the clear to {host}, which is not this machine; say starttls or tls, or leave out mail.user and mail.password"
            );
            return Err(setting("mail.security", "none", &cure));
        }
        Ok(())
    }
}

pub(crate) fn setting(key: &'static str, value: &str, cure: &str) -> Error {
    Error::Setting { key, value: value.to_owned(), cure: cure.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(host: &str, security: Security, login: bool) -> Config {
        let login = login.then(|| Login { user: "pbx".to_owned(), password: "hunter2".to_owned() });
        let server = Server { host: host.to_owned(), port: security.port(), security, login };
        Config { server: Some(server), from: "pbx@example.com".to_owned(), ..Config::default() }
    }

    #[test]
    fn a_password_goes_in_the_clear_to_this_machine_alone() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(config(host, Security::None, true).check(), Ok(()), "{host}");
        }
        for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "128.0.0.1"] {
            let told = config(host, Security::None, true).check().unwrap_err().to_string();
            assert!(told.starts_with("mail.security = none: would send the password"), "{told}");
            assert!(told.contains(host) && told.contains("say starttls or tls"), "{told}");
            assert_eq!(config(host, Security::None, false).check(), Ok(()), "{host}");
            assert_eq!(config(host, Security::StartTls, true).check(), Ok(()), "{host}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let shown = format!("{:?}", config("localhost", Security::Tls, true));
        assert!(shown.contains("pbx") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn each_wrong_setting_is_named() {
        let told = |config: Config| config.check().unwrap_err().to_string();
        let right = || config("localhost", Security::Tls, false);
        assert!(told(Config { from: "pbx".to_owned(), ..right() }).starts_with("mail.from = pbx: "));
        assert!(told(Config { hello: Some("a b".to_owned()), ..right() }).starts_with("mail.hello = a b: "));
        assert!(told(Config { link: Some("ftp://x".to_owned()), ..right() }).starts_with("mail.link = ftp://x: "));
        assert!(told(config("", Security::Tls, false)).starts_with("mail.host = : "));
        assert_eq!(Config::default().check(), Ok(()), "off is right");
    }

    #[test]
    fn a_link_has_one_slash() {
        let config = Config { link: Some("https://pbx.example.com/m/".to_owned()), ..Config::default() };
        assert_eq!(config.link_to("/7").as_deref(), Some("https://pbx.example.com/m/7"));
        assert_eq!(Config::default().link_to("7"), None);
    }
}
