//! What is set of a trunk, as options.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::media::Media;
use crate::cli::password;
use crate::v1::{
    self, GatewayChoosing, TrunkIdentity, TrunkLogin, TrunkNumberForm, TrunkProbing, TrunkRegistering, TrunkSettings,
    TrunkSource, TrunkSources, TrunkTimer,
};

/// How often gateways are asked, where `--probe` does not say.
const PROBED: &str = "30";

#[derive(Debug, clap::Args)]
pub(super) struct Settings {
    /// It is used [default: yes]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    enabled: Option<Choice>,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    peers: Peers,
    #[command(flatten)]
    callers: Callers,
    #[command(flatten)]
    calls: Calls,
    #[command(flatten)]
    media: Media,
}

/// Who we are at the carrier.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Account")]
struct Account {
    /// The name in our credentials; empty for none
    #[arg(long, short, value_name = "NAME")]
    user: Option<String>,
    /// The one realm that is given our credentials [default: the first gateway]
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
    /// Read the password from the first line of the input
    #[arg(long)]
    password_stdin: bool,
    /// Register there, so that the carrier knows where we are: as this user, or as the one of the credentials
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "")]
    register: Option<String>,
    /// Do not register there
    #[arg(long, conflicts_with = "register")]
    no_register: bool,
    /// The domain that we register in; empty for the gateway's host
    #[arg(long, value_name = "DOMAIN")]
    register_domain: Option<String>,
    /// For how long we register at a time [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    register_expires: Option<u32>,
}

/// The gateways as a whole, and who else may call over the trunk.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Peers")]
struct Peers {
    /// Which gateway is tried first among those of one priority [default: listed]
    #[arg(long, value_name = "HOW")]
    choose: Option<Order>,
    /// Over what `--choose hash` chooses: call-id, caller, callee, or the name of a header [default: call-id]
    #[arg(long, value_name = "WHAT")]
    hash_over: Option<String>,
    /// Ask the gateways whether they live, so often in seconds [every 30 where not said]; 0 for not at all
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = PROBED)]
    probe: Option<u32>,
    /// So many questions without an answer, and a gateway is dead [default: 2]
    #[arg(long, value_name = "TIMES")]
    probe_down: Option<u32>,
    /// So many with one, and it lives again [default: 1]
    #[arg(long, value_name = "TIMES")]
    probe_up: Option<u32>,
    /// Which answers count as alive, as 200,404; empty for any
    #[arg(long, value_name = "STATUSES")]
    probe_alive: Option<String>,
    /// From where its calls come, beside its gateways: 192.0.2.0/28, or with conditions 192.0.2.7,port=5060,transport=tls,certificate=sbc.example; may be given several times
    #[arg(long = "from", value_name = "NETWORK")]
    from: Vec<String>,
    /// Its calls come from its gateways alone
    #[arg(long, conflicts_with = "from")]
    no_from: bool,
    /// How long a gateway may say nothing to a call before the next is tried [default: 6]
    #[arg(long, value_name = "SECONDS")]
    patience: Option<f64>,
}

/// Numbers, and what the carrier is told of callers.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Numbers and callers")]
struct Callers {
    /// How numbers are written: plus (+4930…), digits (4930…), international (004930…), international:CODE, national:DE (030…) [default: plus]
    #[arg(long, value_name = "FORM")]
    numbers: Option<String>,
    /// Put before the called number, as an access code; empty for nothing
    #[arg(long, value_name = "DIGITS")]
    number_prefix: Option<String>,
    /// What stands in From [default: number]
    #[arg(long, value_name = "WHAT")]
    from_header: Option<FromHeader>,
    /// How the caller's number is asserted: not at all, by P-Asserted-Identity, P-Preferred-Identity or Remote-Party-ID [default: asserted]
    #[arg(long, value_name = "HOW")]
    assert: Option<Assertion>,
    /// What becomes of callers that want to be private [default: header]
    #[arg(long, value_name = "HOW")]
    privacy: Option<Privacy>,
    /// Diversion tells for whom a call was forwarded [default: yes]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    diversion: Option<Choice>,
    /// Its P-Asserted-Identity is believed, and it is told that of private callers [default: no]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    trusted: Option<Choice>,
    /// A call forwarded from outside may show its first caller's number, which is not ours [default: no]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    foreign: Option<Choice>,
    /// What the carrier is told of a number that nobody here owns [default: 404]
    #[arg(long, value_name = "STATUS")]
    unknown_number: Option<u32>,
}

/// How calls over it are.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Calls")]
struct Calls {
    /// In which form keys are told to it [default: auto]
    #[arg(long, value_name = "FORM")]
    keys: Option<Keys>,
    /// What a caller hears before the callee answers: what the carrier sends, or his own phone's tone [default: passed]
    #[arg(long, value_name = "WHAT")]
    early: Option<Early>,
    /// Whether provisional answers are acknowledged (PRACK) [default: supported]
    #[arg(long, value_name = "HOW")]
    reliable: Option<Provisional>,
    /// The session timer that we ask for; 0 for none [default: 1800]
    #[arg(long, value_name = "SECONDS")]
    timer: Option<u32>,
    /// The shortest session timer that is accepted [default: 90]
    #[arg(long, value_name = "SECONDS")]
    timer_least: Option<u32>,
    /// Fax (T.38) is carried [default: yes]
    #[arg(long, value_name = "YES/NO", num_args = 0..=1, default_missing_value = "yes")]
    fax: Option<Choice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    Listed,
    Weight,
    RoundRobin,
    Random,
    LeastLoaded,
    Hash,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FromHeader {
    /// The caller's number
    Number,
    /// The user of the credentials
    Login,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Assertion {
    None,
    Asserted,
    Preferred,
    RemoteParty,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Privacy {
    /// From is anonymous, and the carrier keeps the number to itself
    Header,
    /// From is anonymous, and no number is told at all
    Withheld,
    /// The caller is shown all the same
    Ignored,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Keys {
    Auto,
    Info,
    Tones,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Early {
    Passed,
    Replaced,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Provisional {
    Off,
    Supported,
    Required,
}

impl Settings {
    /// What is given, on top of what is known where that is taken as a whole.
    pub(super) fn request(self, console: &mut Console, known: &TrunkSettings) -> Result<TrunkSettings, Failure> {
        let Self { enabled, account, peers, callers, calls, media } = self;
        let registering = account.registering(known)?;
        Ok(TrunkSettings {
            enabled: yes(enabled),
            choosing: peers.choosing(known)?,
            probing: peers.probing(known)?,
            sources: peers.sources()?,
            patience: peers.patience.map(millis).transpose()?,
            login: account.login(console, known)?,
            registering,
            srtp: media.srtp(),
            codecs: media.codecs(),
            language: media.language(),
            keys: calls.keys.map(|keys| keys.word().into()),
            numbers: callers.number_form(known)?,
            unknown_number: callers.unknown_number,
            identity: callers.identity(),
            timer: calls.timer(known),
            early: calls.early.map(|early| early.word().into()),
            reliable: calls.reliable.map(|reliable| reliable.word().into()),
            fax: yes(calls.fax),
        })
    }
}

impl Account {
    fn login(&self, console: &mut Console, known: &TrunkSettings) -> Result<Option<TrunkLogin>, Failure> {
        if self.user.is_none() && self.realm.is_none() && !self.password_stdin {
            return Ok(None);
        }
        let mut login = known.login.clone().unwrap_or_default();
        login.user = self.user.clone().unwrap_or(login.user);
        login.realm = self.realm.clone().unwrap_or(login.realm);
        if self.password_stdin {
            login.password = Some(password::read(console)?);
        } else if known.login.is_none() && !login.user.is_empty() {
            let why = "the password is read from the input: add --password-stdin, as in `pass carrier | strowger …`";
            return Err(Failure::Argument { name: "password", why: why.to_owned() });
        }
        Ok(Some(login))
    }

    fn registering(&self, known: &TrunkSettings) -> Result<Option<TrunkRegistering>, Failure> {
        if self.no_register {
            return Ok(Some(TrunkRegistering::default()));
        }
        if self.register.is_none() && self.register_domain.is_none() && self.register_expires.is_none() {
            return Ok(None);
        }
        let mut wish = known.registering.clone().unwrap_or_default();
        let login = || self.user.clone().or_else(|| Some(known.login.as_ref()?.user.clone()));
        match self.register.as_deref() {
            Some("") => {
                let why = "as whom? give --register USER, or --user for the credentials too";
                wish.user = login().ok_or_else(|| Failure::Argument { name: "register", why: why.to_owned() })?;
            }
            Some(user) => user.clone_into(&mut wish.user),
            None if wish.user.is_empty() => {
                let why = "it does not register; give --register too".to_owned();
                return Err(Failure::Argument { name: "register", why });
            }
            None => {}
        }
        wish.domain = self.register_domain.clone().unwrap_or(wish.domain);
        wish.expires = self.register_expires.map(seconds).or(wish.expires);
        Ok(Some(wish))
    }
}

impl Peers {
    fn choosing(&self, known: &TrunkSettings) -> Result<Option<GatewayChoosing>, Failure> {
        if self.choose.is_none() && self.hash_over.is_none() {
            return Ok(None);
        }
        let mut choosing = known.choosing.clone().unwrap_or_default();
        if let Some(order) = self.choose {
            choosing = GatewayChoosing { by: order.word().into(), ..GatewayChoosing::default() };
        }
        if let Some(over) = &self.hash_over {
            if choosing.by() != v1::GatewayChoice::Hash {
                let why = "only where gateways are chosen by hash: add --choose hash".to_owned();
                return Err(Failure::Argument { name: "hash-over", why });
            }
            let (over, header) = match over.as_str() {
                "call-id" => (v1::HashOver::CallId, ""),
                "caller" => (v1::HashOver::Caller, ""),
                "callee" => (v1::HashOver::Callee, ""),
                name => (v1::HashOver::Header, name),
            };
            (choosing.over, choosing.header) = (over.into(), header.to_owned());
        }
        Ok(Some(choosing))
    }

    fn probing(&self, known: &TrunkSettings) -> Result<Option<TrunkProbing>, Failure> {
        let alone = self.probe_down.is_some() || self.probe_up.is_some() || self.probe_alive.is_some();
        if self.probe.is_none() && !alone {
            return Ok(None);
        }
        let mut probing = known.probing.clone().unwrap_or_default();
        match self.probe {
            Some(0) => return Ok(Some(TrunkProbing::default())),
            Some(interval) => probing.interval = Some(seconds(interval)),
            None if probing.interval.is_none() => {
                let why = "its gateways are not asked; give --probe too".to_owned();
                return Err(Failure::Argument { name: "probe", why });
            }
            None => {}
        }
        probing.down = self.probe_down.unwrap_or(probing.down);
        probing.up = self.probe_up.unwrap_or(probing.up);
        if let Some(alive) = &self.probe_alive {
            let statuses = alive.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::parse);
            let why = |_| Failure::Argument { name: "probe-alive", why: "numbers with commas, as 200,404".to_owned() };
            probing.alive = statuses.collect::<Result<_, _>>().map_err(why)?;
        }
        Ok(Some(probing))
    }

    fn sources(&self) -> Result<Option<TrunkSources>, Failure> {
        if self.from.is_empty() && !self.no_from {
            return Ok(None);
        }
        let sources = self.from.iter().map(|text| source(text)).collect::<Result<_, _>>()?;
        Ok(Some(TrunkSources { sources }))
    }
}

/// As `192.0.2.7,port=5060,transport=tls`.
fn source(text: &str) -> Result<TrunkSource, Failure> {
    let wrong = |what: &str| Failure::Argument {
        name: "from",
        why: format!("`{what}` in `{text}`: a network, then port=, transport= or certificate= after commas"),
    };
    let mut parts = text.split(',').map(str::trim);
    let mut source = TrunkSource { net: parts.next().unwrap_or_default().to_owned(), ..TrunkSource::default() };
    for part in parts {
        match part.split_once('=') {
            Some(("port", port)) => source.port = Some(port.parse().map_err(|_| wrong(part))?),
            Some(("transport", over)) => source.transport = Some(over.to_owned()),
            Some(("certificate", name)) => source.certificate = Some(name.to_owned()),
            _ => return Err(wrong(part)),
        }
    }
    Ok(source)
}

impl Callers {
    fn number_form(&self, known: &TrunkSettings) -> Result<Option<TrunkNumberForm>, Failure> {
        if self.numbers.is_none() && self.number_prefix.is_none() {
            return Ok(None);
        }
        let mut form = known.numbers.clone().unwrap_or_default();
        if let Some(text) = &self.numbers {
            let (word, rest) = text.split_once(':').unwrap_or((text, ""));
            let style = match (word, rest) {
                ("plus", "") => v1::NumberStyle::Plus,
                ("digits", "") => v1::NumberStyle::Digits,
                ("international", _) => v1::NumberStyle::International,
                ("national", country) if !country.is_empty() => v1::NumberStyle::National,
                _ => {
                    let why =
                        format!("`{text}` is none of plus, digits, international, international:CODE, national:DE");
                    return Err(Failure::Argument { name: "numbers", why });
                }
            };
            let of = |wanted: v1::NumberStyle| if style == wanted { rest.to_owned() } else { String::new() };
            form.international = of(v1::NumberStyle::International);
            form.country = of(v1::NumberStyle::National);
            form.style = style.into();
        }
        form.prefix = self.number_prefix.clone().unwrap_or(form.prefix);
        Ok(Some(form))
    }

    /// What is absent inside stays as it is: nothing need be known.
    fn identity(&self) -> Option<TrunkIdentity> {
        let identity = TrunkIdentity {
            from: self.from_header.map(|from| from.word().into()),
            assertion: self.assert.map(|assert| assert.word().into()),
            diversion: yes(self.diversion),
            privacy: self.privacy.map(|privacy| privacy.word().into()),
            trusted: yes(self.trusted),
            foreign: yes(self.foreign),
        };
        (identity != TrunkIdentity::default()).then_some(identity)
    }
}

impl Calls {
    fn timer(&self, known: &TrunkSettings) -> Option<TrunkTimer> {
        if self.timer.is_none() && self.timer_least.is_none() {
            return None;
        }
        // A new trunk asks for what is usual, where only the least is said.
        let usual = || TrunkTimer { expires: Some(seconds(1800)), least: None };
        let mut timer = known.timer.unwrap_or_else(usual);
        if let Some(expires) = self.timer {
            timer.expires = Some(seconds(expires)).filter(|_| expires > 0);
        }
        timer.least = self.timer_least.map(seconds).or(timer.least);
        Some(timer)
    }
}

impl Order {
    fn word(self) -> v1::GatewayChoice {
        match self {
            Self::Listed => v1::GatewayChoice::Listed,
            Self::Weight => v1::GatewayChoice::Weight,
            Self::RoundRobin => v1::GatewayChoice::RoundRobin,
            Self::Random => v1::GatewayChoice::Random,
            Self::LeastLoaded => v1::GatewayChoice::LeastLoaded,
            Self::Hash => v1::GatewayChoice::Hash,
        }
    }
}

impl FromHeader {
    fn word(self) -> v1::FromForm {
        match self {
            Self::Number => v1::FromForm::Number,
            Self::Login => v1::FromForm::Login,
        }
    }
}

impl Assertion {
    fn word(self) -> v1::CallerAssertion {
        match self {
            Self::None => v1::CallerAssertion::None,
            Self::Asserted => v1::CallerAssertion::Asserted,
            Self::Preferred => v1::CallerAssertion::Preferred,
            Self::RemoteParty => v1::CallerAssertion::RemoteParty,
        }
    }
}

impl Privacy {
    fn word(self) -> v1::PrivacyForm {
        match self {
            Self::Header => v1::PrivacyForm::Header,
            Self::Withheld => v1::PrivacyForm::Withheld,
            Self::Ignored => v1::PrivacyForm::Ignored,
        }
    }
}

impl Keys {
    fn word(self) -> v1::KeyForm {
        match self {
            Self::Auto => v1::KeyForm::Auto,
            Self::Info => v1::KeyForm::Info,
            Self::Tones => v1::KeyForm::Tones,
        }
    }
}

impl Early {
    fn word(self) -> v1::EarlyMedia {
        match self {
            Self::Passed => v1::EarlyMedia::Passed,
            Self::Replaced => v1::EarlyMedia::Replaced,
        }
    }
}

impl Provisional {
    fn word(self) -> v1::ReliableProvisional {
        match self {
            Self::Off => v1::ReliableProvisional::Off,
            Self::Supported => v1::ReliableProvisional::Supported,
            Self::Required => v1::ReliableProvisional::Required,
        }
    }
}

fn yes(choice: Option<Choice>) -> Option<bool> {
    choice.map(|choice| choice == Choice::Yes)
}

fn seconds(seconds: u32) -> prost_types::Duration {
    prost_types::Duration { seconds: i64::from(seconds), nanos: 0 }
}

/// Seconds with a point, in whole milliseconds.
fn millis(seconds: f64) -> Result<prost_types::Duration, Failure> {
    let time = std::time::Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0).ok();
    let whole =
        time.and_then(|time| std::time::Duration::from_millis(u64::try_from(time.as_millis()).ok()?).try_into().ok());
    whole.ok_or_else(|| Failure::Argument { name: "patience", why: "seconds, as 6 or 2.5".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_with_their_conditions() {
        let read = source("192.0.2.7,port=5060,transport=tls,certificate=sbc.example").unwrap();
        assert_eq!((read.net.as_str(), read.port, read.transport.as_deref()), ("192.0.2.7", Some(5060), Some("tls")));
        assert_eq!(read.certificate.as_deref(), Some("sbc.example"));
        for wrong in ["192.0.2.7,5060", "192.0.2.7,port=x", "192.0.2.7,colour=red"] {
            assert!(matches!(source(wrong), Err(Failure::Argument { name: "from", .. })), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_whole_milliseconds() {
        assert_eq!(millis(2.5).unwrap(), prost_types::Duration { seconds: 2, nanos: 500_000_000 });
        assert_eq!(millis(0.1).unwrap().nanos, 100_000_000);
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }
}
