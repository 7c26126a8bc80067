//! Settings: defaults, then `strowger.toml`, then `STROWGER__SECTION__KEY`. An unknown key is an error that names the
//! nearest right one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::exchange::TlsConfig;
use crate::media::Folders;

/// Every key with what it means, in the order of the sample.
const KEYS: &[(&str, &str)] = &[
    (
        "sip.listen",
        "Where phones reach the exchange: udp:ADDRESS:PORT, tcp:ADDRESS:PORT and tls:ADDRESS:PORT. Loopback until told\notherwise; 0.0.0.0 or [::] stands for every address of this machine.",
    ),
    (
        "sip.advertised",
        "The address to show to phones instead of the socket's own, behind a NAT with forwarded ports. Empty: the socket's own.",
    ),
    (
        "sip.default_tenant",
        "The tenant that owns requests for this machine's own addresses, where no tenant claims them as a domain.",
    ),
    ("sip.min_expires", "Shorter registrations are refused with 423, in seconds."),
    ("sip.max_expires", "Longer registrations are shortened, in seconds."),
    ("sip.default_expires", "Registrations that ask for no time get this, in seconds."),
    ("sip.max_contacts", "How many phones one user may register."),
    ("sip.max_subscriptions", "How many subscriptions to lamps one user may have."),
    (
        "sip.decision_seconds",
        "How long a dialplan may take for its next decision, before the tenant's fallback serves the caller.",
    ),
    ("sip.setup_seconds", "How long a call may stay unanswered in all."),
    ("sip.tcp_connections", "How many TCP connections there may be, those with TLS among them."),
    ("sip.tcp_connections_per_source", "How many TCP connections one address may hold."),
    ("sip.tcp_idle_seconds", "A TCP connection on which nothing comes for so long is closed."),
    ("sip.tcp_message_seconds", "How long one message may take to come in whole over TCP."),
    (
        "tls.certificate",
        "The exchange's certificate for tls: in sip.listen, and those between it and its authority: a PEM file. It is read anew\nwhen it changes.",
    ),
    ("tls.key", "Its private key: a PEM file that nobody else may read."),
    (
        "tls.authorities",
        "Whose signature on a peer's certificate is believed: a PEM file. Empty: those that the system believes.",
    ),
    (
        "tls.verify_clients",
        "Whether who connects is asked for a certificate: off, or optional (what one proves counts, as for calls of a trunk; who\nshows none, or one of strangers, proves nothing by it).",
    ),
    (
        "tls.wildcards",
        "Whether a server's certificate for *.carrier.example is also one for sip.carrier.example. RFC 5922 says no; some\ncarriers have no other.",
    ),
    (
        "dns.servers",
        "Whom to ask for the addresses of trunks and other peers: ADDRESS or ADDRESS:PORT. Empty: whom /etc/resolv.conf\nnames.",
    ),
    ("auth.algorithms", "Digest algorithms on offer, in order of preference."),
    ("auth.nonce_seconds", "How long a nonce may be used."),
    ("auth.max_failures", "So many wrong answers to live nonces are forgiven; one more bans the source. 0: no bans."),
    ("auth.window_seconds", "Within which time wrong answers add up."),
    ("auth.ban_seconds", "How long a banned source is ignored."),
    (
        "auth.flood_burst",
        "So many requests at once are heard from a source where nobody has proven anything; more is not answered. 0: any\nnumber.",
    ),
    ("auth.flood_per_second", "And so many a second after that."),
    ("auth.exempt", "Addresses and networks that are never banned, and whose requests are not counted, as 10.0.0.0/8."),
    ("media.ports", "UDP ports for media, first and last."),
    ("media.threads", "Media threads. 0: one for each processor."),
    (
        "media.prompts",
        "The folder of the system's prompts, with a folder for each language, as docs/prompts.md says. Empty: prompts in the data folder.",
    ),
    ("media.language", "The language of prompts where neither a dialplan nor the user nor the tenant names one."),
    (
        "media.country",
        "Whose tones callers hear where their tenant names no country: its code of two letters, as us or de.",
    ),
    ("media.sounds_mib", "How much memory sounds may take that were played and may be played again."),
    (
        "media.recordings_free_mib",
        "So much of the disk is to be left free: where less is, nothing is recorded, and what is being recorded ends. 0: all may be used.",
    ),
    (
        "media.recordings_days",
        "Recordings of calls and rooms are deleted after so many days, where their tenant says nothing else. 0: never.",
    ),
    ("media.srtp", "Encryption of media (SRTP) for everybody: off, optional (taken where it is offered) or required."),
    ("media.silence_seconds", "A leg that sends nothing for so long ends its call. 0: never."),
    (
        "store.url",
        "The database: sqlite://PATH?mode=rwc or postgres://USER:PASSWORD@HOST/NAME. Empty: strowger.db in the data folder.",
    ),
    (
        "mail.host",
        "The mail server that takes letters for owners of mailboxes (SMTP): its name or address. Empty: letters wait.",
    ),
    ("mail.port", "Its port. 0: 587 with starttls, 465 with tls, 25 with none."),
    (
        "mail.security",
        "How the line to it is kept from others: starttls, tls (from the first byte), or none (then no password, unless it is on\nthis machine).",
    ),
    ("mail.user", "The name that it lets the exchange in by. Empty: it asks for none."),
    ("mail.password", "The password for it."),
    ("mail.from", "The sender's address, where a tenant has none of its own, as pbx@example.com."),
    ("mail.from_name", "The sender's name."),
    ("mail.hello", "How the exchange names itself to the server. Empty: by its address."),
    (
        "mail.authorities",
        "Whose signature on the server's certificate is believed: a PEM file. Empty: those that the system believes.",
    ),
    ("mail.link", "The address before links to messages, as https://pbx.example.com/messages. Empty: no links."),
    ("mail.timeout_seconds", "How long the server may take for an answer."),
    (
        "mail.retry_first_seconds",
        "A letter that was not taken is tried again after so long, then after twice as long each time.",
    ),
    ("mail.retry_longest_seconds", "The longest time between two tries."),
    ("mail.give_up_days", "A letter that could not be sent for so long is given up."),
    ("mail.parallel", "How many letters are on their way at once."),
    ("admin.listen", "Where the CLI and the API reach the exchange (gRPC). Empty: nowhere."),
    ("metrics.listen", "Where Prometheus finds metrics (HTTP, /metrics). Empty: nowhere."),
    (
        "dialplan.max_calls",
        "How many calls dialplans may hold at once. 0: as many as the kernel's memory mappings allow.",
    ),
    ("dialplan.max_memory_mib", "The most memory one dialplan may have in one call."),
    ("dialplan.compute_milliseconds", "How long a dialplan may compute without asking the exchange for anything."),
    ("dialplan.max_requests", "How many times a dialplan may ask the exchange for something in one call."),
    ("dialplan.max_log_lines", "How many lines a dialplan may log in one call."),
    ("limits.max_calls", "How many calls there may be at once; more get 503."),
    ("limits.max_branches", "How many phones one dial may ring at once."),
    ("shutdown.drain_seconds", "How long calls may go on after the exchange was told to stop."),
    ("log.filter", "What is logged, as info,switch=debug. RUST_LOG counts before it."),
    ("log.format", "text or json."),
];

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $key: $kind,)* }
        impl Default for $name {
            fn default() -> Self { Self { $($key: $default,)* } }
        }
    };
}

section!(
    /// Signalling.
    Sip {
        listen: Vec<String> = vec!["udp:127.0.0.1:5060".into(), "tcp:127.0.0.1:5060".into()],
        advertised: String = String::new(),
        default_tenant: String = String::new(),
        min_expires: u64 = 60,
        max_expires: u64 = 7200,
        default_expires: u64 = 3600,
        max_contacts: usize = 10,
        max_subscriptions: usize = 30,
        decision_seconds: u64 = 10,
        setup_seconds: u64 = 300,
        tcp_connections: usize = 4096,
        tcp_connections_per_source: usize = 256,
        tcp_idle_seconds: u64 = 3700,
        tcp_message_seconds: u64 = 10,
    }
);
section!(
    /// Encrypted signalling.
    Encryption {
        certificate: String = String::new(),
        key: String = String::new(),
        authorities: String = String::new(),
        verify_clients: String = "off".into(),
        wildcards: bool = false,
    }
);
section!(
    /// Names of peers.
    Dns { servers: Vec<String> = Vec::new(), }
);
section!(
    /// Authentication.
    Auth {
        algorithms: Vec<String> = vec!["SHA-256".into(), "SHA-512-256".into(), "MD5".into()],
        nonce_seconds: u64 = 600,
        max_failures: u32 = 10,
        window_seconds: u64 = 300,
        ban_seconds: u64 = 600,
        flood_burst: u32 = 200,
        flood_per_second: u32 = 20,
        exempt: Vec<String> = Vec::new(),
    }
);
section!(
    /// Media.
    Media {
        ports: String = "20000-20999".into(),
        threads: usize = 1,
        prompts: String = String::new(),
        language: String = "en".into(),
        country: String = "us".into(),
        sounds_mib: usize = 128,
        recordings_free_mib: u64 = 512,
        recordings_days: u32 = 0,
        srtp: String = "optional".into(),
        silence_seconds: u64 = 60,
    }
);
section!(
    /// The database.
    Database { url: String = String::new(), }
);
section!(
    /// Mail.
    Mail {
        host: String = String::new(),
        port: u16 = 0,
        security: String = "starttls".into(),
        user: String = String::new(),
        password: String = String::new(),
        from: String = String::new(),
        from_name: String = "Voicemail".into(),
        hello: String = String::new(),
        authorities: String = String::new(),
        link: String = String::new(),
        timeout_seconds: u64 = 60,
        retry_first_seconds: u64 = 30,
        retry_longest_seconds: u64 = 1_800,
        give_up_days: u64 = 5,
        parallel: usize = 2,
    }
);
section!(
    /// Something that listens.
    Admin { listen: String = "127.0.0.1:50051".into(), }
);
section!(
    /// Metrics.
    Metrics { listen: String = "127.0.0.1:9090".into(), }
);
section!(
    /// Dialplans.
    Dialplans {
        max_calls: u32 = 0,
        max_memory_mib: usize = 64,
        compute_milliseconds: u64 = 100,
        max_requests: u32 = 100_000,
        max_log_lines: u32 = 100,
    }
);
section!(
    /// Limits.
    Limits { max_calls: usize = 20_000, max_branches: usize = 16, }
);
section!(
    /// The end.
    Shutdown { drain_seconds: u64 = 30, }
);
section!(
    /// The log.
    Log { filter: String = "info,sea_orm_migration=warn,hickory=error".into(), format: String = "text".into(), }
);

/// All settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) sip: Sip,
    pub(crate) tls: Encryption,
    pub(crate) dns: Dns,
    pub(crate) auth: Auth,
    pub(crate) media: Media,
    pub(crate) store: Database,
    pub(crate) mail: Mail,
    pub(crate) admin: Admin,
    pub(crate) metrics: Metrics,
    pub(crate) dialplan: Dialplans,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
    pub(crate) log: Log,
}

impl Settings {
    /// Reads the file (which must exist when it was named) and the environment.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let path = file.unwrap_or(Path::new("strowger.toml"));
        let environment = config::Environment::with_prefix("STROWGER")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",");
        let environment = ["sip.listen", "dns.servers", "auth.algorithms", "auth.exempt"]
            .into_iter()
            .fold(environment, config::Environment::with_list_parse_key);
        let read = config::Config::builder()
            .add_source(config::File::from(path).format(config::FileFormat::Toml).required(file.is_some()))
            .add_source(environment)
            .build()
            .with_context(|| format!("reading {}", path.display()))?;
        let given: BTreeMap<String, config::Value> = read.clone().try_deserialize().context("reading the settings")?;
        check_names(&given, path)?;
        let settings: Self = read
            .try_deserialize()
            .with_context(|| format!("a value in {} or the environment does not fit its key", path.display()))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        self.listeners()?;
        self.media_ports()?;
        self.secrecy()?;
        self.advertised()?;
        self.name_servers()?;
        self.tls()?;
        self.mail()?;
        self.folders(Path::new("data"))?;
        for name in &self.auth.algorithms {
            if !matches!(sip::digest::Algorithm::parse(Some(name)), Some((_, false))) {
                bail!("auth.algorithms: `{name}` is none of SHA-256, SHA-512-256, MD5");
            }
        }
        if self.auth.algorithms.is_empty() {
            bail!("auth.algorithms is empty: no phone could prove itself; name at least SHA-256");
        }
        if self.auth.flood_burst > 0 && self.auth.flood_per_second == 0 {
            bail!(
                "auth.flood_per_second is 0: who once sent auth.flood_burst requests would never be heard again; at least 1"
            );
        }
        for net in &self.auth.exempt {
            parse_net(net).with_context(|| format!("auth.exempt: `{net}`"))?;
        }
        for (key, value) in [("admin.listen", &self.admin.listen), ("metrics.listen", &self.metrics.listen)] {
            if !value.is_empty() {
                value
                    .parse::<SocketAddr>()
                    .with_context(|| format!("{key}: `{value}` is no ADDRESS:PORT, as 127.0.0.1:50051"))?;
            }
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            bail!("log.format: `{}` is neither text nor json", self.log.format);
        }
        if self.sip.min_expires == 0 || self.sip.max_expires < self.sip.min_expires {
            bail!("sip.min_expires must be at least 1 and at most sip.max_expires");
        }
        Ok(())
    }

    /// Transports and addresses to listen on.
    pub(crate) fn listeners(&self) -> Result<Vec<(sip::Transport, SocketAddr)>> {
        let one = |text: &String| -> Result<(sip::Transport, SocketAddr)> {
            let wrong = || {
                format!(
                    "sip.listen: `{text}` is no udp:, tcp: or tls:ADDRESS:PORT, as udp:192.0.2.1:5060 or tls:[::1]:5061"
                )
            };
            let (transport, address) = text.split_once(':').with_context(wrong)?;
            let transport = sip::Transport::parse(transport)
                .filter(|known| matches!(known, sip::Transport::Udp | sip::Transport::Tcp | sip::Transport::Tls));
            Ok((transport.with_context(wrong)?, address.parse().with_context(wrong)?))
        };
        if self.sip.listen.is_empty() {
            bail!("sip.listen is empty: no phone could reach the exchange");
        }
        self.sip.listen.iter().map(one).collect()
    }

    /// How TLS is done; `None` where nobody listens for it.
    pub(crate) fn tls(&self) -> Result<Option<TlsConfig>> {
        let Encryption { certificate, key, authorities, verify_clients, wildcards } = &self.tls;
        let ask_clients = match verify_clients.as_str() {
            "off" => false,
            "optional" => true,
            other => bail!("tls.verify_clients: `{other}` is neither off nor optional"),
        };
        if self.listeners()?.iter().all(|(transport, _)| *transport != sip::Transport::Tls) {
            return Ok(None);
        }
        for (name, file) in [("tls.certificate", certificate), ("tls.key", key)] {
            if file.is_empty() {
                bail!("{name} is empty, and sip.listen has an address for TLS: name a PEM file, or remove the address");
            }
        }
        Ok(Some(TlsConfig {
            certificate: certificate.into(),
            key: key.into(),
            authorities: Some(authorities).filter(|file| !file.is_empty()).map(Into::into),
            ask_clients,
            wildcards: *wildcards,
        }))
    }

    /// How letters are sent.
    pub(crate) fn mail(&self) -> Result<mail::Config> {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let Mail { host, port, security, user, password, timeout_seconds, give_up_days, .. } = &self.mail;
        let Mail { retry_first_seconds, retry_longest_seconds, .. } = &self.mail;
        if *retry_first_seconds == 0 {
            bail!("mail.retry_first_seconds is 0: a server that is down would be asked without end; at least 1");
        }
        let named = mail::Security::named(security);
        let security = named.with_context(|| format!("mail.security: `{security}` is none of starttls, tls, none"))?;
        let login = (!user.is_empty() || !password.is_empty())
            .then(|| mail::Login { user: user.clone(), password: password.clone() });
        let port = if *port == 0 { security.port() } else { *port };
        let server = given(host).map(|host| mail::Server { host, port, security, login });
        let config = mail::Config {
            server,
            from: self.mail.from.clone(),
            from_name: self.mail.from_name.clone(),
            hello: given(&self.mail.hello),
            link: given(&self.mail.link),
            authorities: given(&self.mail.authorities).map(Into::into),
            timeout: std::time::Duration::from_secs(*timeout_seconds),
            pauses: mail::Pauses {
                first: std::time::Duration::from_secs(*retry_first_seconds),
                longest: std::time::Duration::from_secs(*retry_longest_seconds),
            },
            give_up: std::time::Duration::from_secs(give_up_days.saturating_mul(86_400)),
            parallel: self.mail.parallel,
        };
        config.check()?;
        Ok(config)
    }

    /// How much media is encrypted.
    pub(crate) fn secrecy(&self) -> Result<switch::Secrecy> {
        Ok(match self.media.srtp.as_str() {
            "off" => switch::Secrecy::Off,
            "optional" => switch::Secrecy::Optional,
            "required" => switch::Secrecy::Required,
            other => bail!("media.srtp: `{other}` is none of off, optional, required"),
        })
    }

    /// First and last media port.
    pub(crate) fn media_ports(&self) -> Result<(u16, u16)> {
        let text = &self.media.ports;
        let range = text
            .split_once('-')
            .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
        let (first, last): (u16, u16) =
            range.with_context(|| format!("media.ports: `{text}` is no FIRST-LAST, as 20000-20999"))?;
        if first < 1024 || u32::from(last) < u32::from(first) + 3 {
            bail!("media.ports: `{text}` must begin at 1024 or above and hold at least four ports");
        }
        Ok((first, last))
    }

    /// Where sounds are, with whose habits.
    pub(crate) fn folders(&self, data: &Path) -> Result<Folders> {
        let Media { prompts, language, country, sounds_mib, .. } = &self.media;
        let language = switch::Language::parse(language)
            .with_context(|| format!("media.language: `{language}` is no language, as en or de-AT"))?;
        let country = country.parse::<switch::Country>().context("media.country")?;
        Ok(Folders {
            data: data.to_owned(),
            prompts: if prompts.is_empty() { data.join("prompts") } else { prompts.into() },
            language,
            country,
            cache: sounds_mib << 20,
        })
    }

    pub(crate) fn advertised(&self) -> Result<Option<std::net::IpAddr>> {
        let text = &self.sip.advertised;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).with_context(|| format!("sip.advertised: `{text}` is no IP address"))
    }

    /// Whom to ask for addresses; the system's name servers when empty.
    pub(crate) fn name_servers(&self) -> Result<Vec<SocketAddr>> {
        let one = |text: &String| {
            let ip = text.trim_matches(['[', ']']).parse().map(|ip| SocketAddr::new(ip, 53));
            let wrong = || format!("dns.servers: `{text}` is no ADDRESS or ADDRESS:PORT, as 192.0.2.53 or [::1]:5353");
            ip.or_else(|_| text.parse()).with_context(wrong)
        };
        self.dns.servers.iter().map(one).collect()
    }

    /// The commented sample.
    pub(crate) fn sample() -> String {
        let defaults = flat(&Self::default());
        let mut text = String::from(
            "# Settings of Strowger. Every key is shown with its default; remove the # to change it.\n# The environment counts before this file: STROWGER__SIP__DEFAULT_TENANT=office.\n",
        );
        let mut section = "";
        for (key, doc) in KEYS {
            let (head, name) = key.split_once('.').unwrap_or(("", key));
            if head != section {
                section = head;
                text.push_str(&format!("\n[{section}]\n"));
            }
            for line in doc.lines() {
                text.push_str(&format!("# {line}\n"));
            }
            let value = defaults.get(*key).map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("# {name} = {value}\n"));
        }
        text
    }

    /// All keys with the values in force.
    pub(crate) fn shown(&self) -> BTreeMap<String, toml::Value> {
        let mut all = flat(self);
        // A password in the URL is nobody's to read.
        if let Some(toml::Value::String(url)) = all.get_mut("store.url") {
            *url = without_password(url);
        }
        if let Some(toml::Value::String(password)) = all.get_mut("mail.password")
            && !password.is_empty()
        {
            "…".clone_into(password);
        }
        all
    }
}

/// `postgres://user:…@host/name`.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split_once(':').map_or(login, |(user, _)| user);
    format!("{scheme}://{user}:…@{host}")
}

pub(crate) fn parse_net(text: &str) -> Result<ipnet::IpNet> {
    let net = text.parse::<ipnet::IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
    net.map_err(|_| anyhow::anyhow!("`{text}` is no address or network, as 192.0.2.0/24"))
}

fn flat(settings: &Settings) -> BTreeMap<String, toml::Value> {
    let Ok(toml::Value::Table(sections)) = toml::Value::try_from(settings) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for (section, keys) in sections {
        if let toml::Value::Table(keys) = keys {
            all.extend(keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
        }
    }
    all
}

/// Names that nobody knows, with the nearest that is known.
fn check_names(given: &BTreeMap<String, config::Value>, path: &Path) -> Result<()> {
    let mut names = Vec::new();
    for (section, value) in given {
        match value.clone().into_table() {
            Ok(keys) => names.extend(keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value))),
            Err(_) => names.push((section.clone(), value.clone())),
        }
    }
    for (name, value) in names {
        if KEYS.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let nearest = KEYS
            .iter()
            .map(|(known, _)| *known)
            .max_by(|a, b| strsim::jaro_winkler(a, &name).total_cmp(&strsim::jaro_winkler(b, &name)));
        let place = value.origin().map_or_else(|| format!("{} or the environment", path.display()), str::to_owned);
        bail!(
            "there is no setting `{name}` (in {place}, value {value}); did you mean `{}`? `strowger config sample` prints all",
            nearest.unwrap_or_default()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained_and_every_explanation_has_its_key() {
        let named: Vec<String> = flat(&Settings::default()).into_keys().collect();
        let mut explained: Vec<String> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
        explained.sort();
        assert_eq!(named, explained);
    }

    #[test]
    fn the_sample_says_what_is_in_force_without_it() {
        let uncommented: String = Settings::sample()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest)
                    if KEYS.iter().any(|(key, _)| {
                        key.split_once('.').is_some_and(|(_, name)| rest.starts_with(&format!("{name} = ")))
                    }) =>
                {
                    rest
                }
                _ => line,
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let read: Settings = toml::from_str(&uncommented).expect("the sample is TOML");
        assert_eq!(flat(&read), flat(&Settings::default()));
    }

    #[test]
    fn a_misspelt_key_is_told_with_the_right_one() {
        let file = std::env::temp_dir().join(format!("strowger-settings-{}.toml", std::process::id()));
        std::fs::write(&file, "[sip]\nlisten_on = [\"udp:127.0.0.1:5060\"]\n").expect("written");
        let error = Settings::load(Some(&file)).expect_err("unknown").to_string();
        assert!(error.contains("sip.listen_on") && error.contains("sip.listen`"), "{error}");
        std::fs::write(&file, "[media]\nports = \"20000\"\n").expect("written");
        let error = Settings::load(Some(&file)).expect_err("no range").to_string();
        assert!(error.contains("media.ports") && error.contains("20000-20999"), "{error}");
        let ports =
            |ports: &str| Settings { media: Media { ports: ports.into(), ..Media::default() }, ..Settings::default() };
        assert!(ports("65532-65535").media_ports().is_ok());
        for none in ["65535-65535", "65533-65535", "20003-20000", "1000-2000"] {
            assert!(ports(none).media_ports().is_err(), "{none}");
        }
        let _ = std::fs::remove_file(file);
    }

    #[test]
    fn name_servers_may_have_ports() {
        let of = |servers: &[&str]| {
            let servers = servers.iter().map(|text| (*text).to_owned()).collect();
            Settings { dns: Dns { servers }, ..Settings::default() }.name_servers()
        };
        let shown = |servers: &[&str]| -> Vec<String> {
            of(servers).expect("addresses").iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&["192.0.2.53", "192.0.2.53:5353"]), ["192.0.2.53:53", "192.0.2.53:5353"]);
        assert_eq!(shown(&["::1", "[::1]", "[::1]:54"]), ["[::1]:53", "[::1]:53", "[::1]:54"]);
        let error = format!("{:#}", of(&["ns.example"]).expect_err("a name"));
        assert!(error.contains("dns.servers: `ns.example`"), "{error}");
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(without_password("postgres://st:se:cr@t@db/x"), "postgres://st:…@db/x");
        assert_eq!(without_password("sqlite://./data/strowger.db?mode=rwc"), "sqlite://./data/strowger.db?mode=rwc");
    }
}
