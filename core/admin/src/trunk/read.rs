//! What is asked of a trunk, read into the words of the exchange.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use switch::{
    Choice, Ha1, HashOver, Identity, Login, NumberForm, NumberStyle, Probe, Registration, SessionTimer, Source,
    Transport, Trunk,
};

use crate::media;
use crate::trunk::words::{ASSERTIONS, CHOICES, EARLY, FROM_FORMS, HASHES, KEY_FORMS, PRIVACY_FORMS, RELIABLE, STYLES};
use crate::v1::{
    self, GatewayChoosing, TrunkIdentity, TrunkLogin, TrunkNumberForm, TrunkProbing, TrunkRegistering, TrunkSettings,
    TrunkSource, TrunkTimer,
};
use crate::violations::Violations;
use crate::words::{duration, filled};

const SOURCES: usize = 64;
const STATUS: RangeInclusive<u32> = 200..=699;
const REFUSAL: RangeInclusive<u32> = 400..=699;
const PATIENCE: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(32);
const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);
const EXPIRES: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_hours(24);
/// RFC 4028 §5: no session is refreshed more often.
const TIMER: RangeInclusive<Duration> = Duration::from_secs(90)..=Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);

/// Changes what is said, and leaves the rest.
pub(super) fn change(wrong: &mut Violations, trunk: &mut Trunk, asked: TrunkSettings) {
    trunk.enabled = asked.enabled.unwrap_or(trunk.enabled);
    trunk.fax = asked.fax.unwrap_or(trunk.fax);
    let language = asked.language.as_deref();
    media::change_in(wrong, "settings.", &mut trunk.media, asked.srtp, asked.codecs, language);
    if let Some(keys) = asked.keys.and_then(|keys| wrong.word("settings.keys", keys, &KEY_FORMS)) {
        trunk.keys = keys;
    }
    if let Some(early) = asked.early.and_then(|early| wrong.word("settings.early", early, &EARLY)) {
        trunk.early = early;
    }
    if let Some(reliable) = asked.reliable.and_then(|how| wrong.word("settings.reliable", how, &RELIABLE)) {
        trunk.reliable = reliable;
    }
    if let Some(choosing) = asked.choosing
        && let Some(choice) = choice(wrong, choosing)
    {
        trunk.choice = choice;
    }
    if let Some(asked) = asked.login {
        login(wrong, trunk, asked);
    }
    if let Some(asked) = asked.registering {
        trunk.registration = registration(wrong, asked);
    }
    if let Some(asked) = asked.probing {
        trunk.probe = probe(wrong, asked);
    }
    if let Some(asked) = asked.sources {
        wrong.expect(asked.sources.len() <= SOURCES, "settings.sources", "at most 64");
        let sources = (0..).zip(asked.sources).take(SOURCES);
        trunk.sources = sources.filter_map(|(at, asked)| source(wrong, at, asked)).collect();
    }
    if let Some(asked) = asked.numbers
        && let Some(form) = number_form(wrong, asked)
    {
        trunk.numbers = form;
    }
    if let Some(asked) = asked.identity {
        identity(wrong, &mut trunk.identity, asked);
    }
    if let Some(asked) = asked.timer {
        trunk.timer = timer(wrong, asked);
    }
    if let Some(asked) = asked.patience {
        const WHY: &str = "half a second to 32 seconds";
        trunk.patience = time(wrong, "settings.patience", asked, &PATIENCE, WHY).unwrap_or(trunk.patience);
    }
    if let Some(status) = asked.unknown_number {
        let read = small(status, &REFUSAL).ok_or_else(|| "a SIP status from 400 to 699".to_owned());
        trunk.unknown_number = wrong.read("settings.unknown_number", read).unwrap_or(trunk.unknown_number);
    }
}

fn choice(wrong: &mut Violations, asked: GatewayChoosing) -> Option<Choice> {
    let by = wrong.word("settings.choosing.by", asked.by, &CHOICES)?;
    Some(match by {
        v1::GatewayChoice::Unspecified | v1::GatewayChoice::Listed => Choice::Listed,
        v1::GatewayChoice::Weight => Choice::Weight,
        v1::GatewayChoice::RoundRobin => Choice::RoundRobin,
        v1::GatewayChoice::Random => Choice::Random,
        v1::GatewayChoice::LeastLoaded => Choice::LeastLoaded,
        v1::GatewayChoice::Hash => {
            let over = wrong.word_if_said("settings.choosing.over", asked.over, &HASHES);
            Choice::Hash(match over {
                None | Some(v1::HashOver::Unspecified | v1::HashOver::CallId) => HashOver::CallId,
                Some(v1::HashOver::Caller) => HashOver::Caller,
                Some(v1::HashOver::Callee) => HashOver::Callee,
                Some(v1::HashOver::Header) => HashOver::Header(header(wrong, asked.header)?),
            })
        }
    })
}

/// The name of a header (RFC 3261 §25.1 would permit more; nobody names one so).
fn header(wrong: &mut Violations, name: String) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let named = (1..=64).contains(&name.len()) && name.bytes().all(plain);
    wrong.expect(named, "settings.choosing.header", "1 to 64 letters, digits and -");
    named.then_some(name)
}

/// The password is not kept: where user or realm change, its hashes are of no more use.
fn login(wrong: &mut Violations, trunk: &mut Trunk, asked: TrunkLogin) {
    let TrunkLogin { user, realm, password } = asked;
    if user.is_empty() {
        trunk.login = None;
        return;
    }
    // Both stand in quotes in credentials (RFC 3261 §25.1).
    let quoted = |text: &str| {
        (1..=128).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'))
    };
    let right = [
        (quoted(&user), "settings.login.user", "at most 128 characters, without quotes and backslashes"),
        (quoted(&realm), "settings.login.realm", "1 to 128 characters, without quotes and backslashes"),
    ];
    right.iter().for_each(|(right, field, why)| wrong.expect(*right, field, why));
    match password {
        Some(password) => {
            let long = (1..=256).contains(&password.chars().count()) && !password.chars().any(char::is_control);
            wrong.expect(long, "settings.login.password", "1 to 256 characters, none a control character");
            let ha1 = Ha1::of(&user, &realm, &password);
            trunk.login = Some(Login { user, realm, ha1 });
        }
        None => {
            let same = trunk.login.as_ref().is_some_and(|login| login.user == user && login.realm == realm);
            const WHY: &str = "a new user or realm needs the password too: what is kept of it is made of all three";
            wrong.expect(same, "settings.login.password", WHY);
        }
    }
}

fn registration(wrong: &mut Violations, asked: TrunkRegistering) -> Option<Registration> {
    let TrunkRegistering { user, domain, expires } = asked;
    if user.is_empty() {
        return None;
    }
    let named = user.len() <= 128 && user.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '@' | '<' | '>' | '"'));
    const WHY: &str = "at most 128 characters of ASCII, without @, <, > and quotes";
    wrong.expect(named, "settings.registering.user", WHY);
    wrong.expect(domain.is_empty() || is_host(&domain), "settings.registering.domain", "a host name or an IP address");
    let expires = expires.map_or(Some(HOUR), |expires| {
        time(wrong, "settings.registering.expires", expires, &EXPIRES, "30 seconds to a day")
    });
    Some(Registration { user, domain: filled(domain.to_ascii_lowercase()), expires: expires? })
}

fn probe(wrong: &mut Violations, asked: TrunkProbing) -> Option<Probe> {
    let usual = Probe::default();
    let mut count = |field, count, usual| {
        wrong.expect(count <= 100, field, "1 to 100");
        if count == 0 { usual } else { count }
    };
    let down = count("settings.probing.down", asked.down, usual.down);
    let up = count("settings.probing.up", asked.up, usual.up);
    let mut alive = Vec::new();
    wrong.expect(asked.alive.len() <= 64, "settings.probing.alive", "at most 64");
    for (at, status) in asked.alive.into_iter().take(64).enumerate() {
        let read = small(status, &STATUS).ok_or_else(|| "a SIP status from 200 to 699".to_owned());
        alive.extend(wrong.read(&format!("settings.probing.alive[{at}]"), read));
    }
    let interval = time(wrong, "settings.probing.interval", asked.interval?, &INTERVAL, "1 second to an hour")?;
    Some(Probe { interval, down, up, alive })
}

fn source(wrong: &mut Violations, at: usize, asked: TrunkSource) -> Option<Source> {
    let field = |name: &str| format!("settings.sources[{at}].{name}");
    let net = asked.net.parse::<IpNet>().or_else(|_| asked.net.parse::<IpAddr>().map(IpNet::from));
    let net = net.map_err(|_| "an IP address or a network, as 192.0.2.7 or 192.0.2.0/24".to_owned());
    let net = wrong.read(&field("net"), net);
    let port = asked.port.and_then(|number| port(wrong, &field("port"), number));
    let transport = asked.transport.and_then(filled).and_then(|text| transport(wrong, &field("transport"), &text));
    let certificate = asked.certificate.and_then(filled);
    let named = certificate.as_deref().is_none_or(is_host);
    wrong.expect(named, &field("certificate"), "the host name that the certificate is for");
    // Without TLS nobody shows one, and the rule would let nobody in.
    let shown = certificate.is_none() || transport.is_none_or(|transport| transport == Transport::Tls);
    wrong.expect(shown, &field("transport"), "tls, where a certificate is asked for");
    Some(Source { net: net?, port, transport, certificate: certificate.map(|name| name.to_ascii_lowercase()) })
}

fn number_form(wrong: &mut Violations, asked: TrunkNumberForm) -> Option<NumberForm> {
    let digits = |text: &str| text.len() <= 16 && text.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'*' | b'#'));
    wrong.expect(digits(&asked.prefix), "settings.numbers.prefix", "at most 16 digits, * or #");
    let style = match wrong.word_if_said("settings.numbers.style", asked.style, &STYLES) {
        None | Some(v1::NumberStyle::Unspecified | v1::NumberStyle::Plus) => NumberStyle::Plus,
        Some(v1::NumberStyle::Digits) => NumberStyle::Digits,
        Some(v1::NumberStyle::International) => {
            wrong.expect(digits(&asked.international), "settings.numbers.international", "at most 16 digits, * or #");
            NumberStyle::International(filled(asked.international).unwrap_or_else(|| "00".to_owned()))
        }
        Some(v1::NumberStyle::National) => {
            NumberStyle::National { country: country(wrong, "settings.numbers.country", &asked.country)? }
        }
    };
    Some(NumberForm { style, prefix: asked.prefix })
}

fn identity(wrong: &mut Violations, identity: &mut Identity, asked: TrunkIdentity) {
    let field = |name: &str| format!("settings.identity.{name}");
    if let Some(from) = asked.from.and_then(|from| wrong.word(&field("from"), from, &FROM_FORMS)) {
        identity.from = from;
    }
    if let Some(assert) = asked.assertion.and_then(|how| wrong.word(&field("assertion"), how, &ASSERTIONS)) {
        identity.assert = assert;
    }
    if let Some(privacy) = asked.privacy.and_then(|how| wrong.word(&field("privacy"), how, &PRIVACY_FORMS)) {
        identity.privacy = privacy;
    }
    identity.diversion = asked.diversion.unwrap_or(identity.diversion);
    identity.trusted = asked.trusted.unwrap_or(identity.trusted);
    identity.foreign = asked.foreign.unwrap_or(identity.foreign);
}

fn timer(wrong: &mut Violations, asked: TrunkTimer) -> SessionTimer {
    const WHY: &str = "90 seconds to a day";
    let expires = asked.expires.and_then(|asked| time(wrong, "settings.timer.expires", asked, &TIMER, WHY));
    let least = asked.least.and_then(|asked| time(wrong, "settings.timer.least", asked, &TIMER, WHY));
    let least = least.unwrap_or(SessionTimer::default().least);
    wrong.expect(expires.is_none_or(|expires| expires >= least), "settings.timer.expires", "not less than `least`");
    SessionTimer { expires, least }
}

/// A length of time within these bounds, in whole milliseconds.
fn time(
    wrong: &mut Violations,
    field: &str,
    asked: prost_types::Duration,
    bounds: &RangeInclusive<Duration>,
    why: &str,
) -> Option<Duration> {
    let read = duration(asked).filter(|time| bounds.contains(time) && time.subsec_nanos() % 1_000_000 == 0);
    wrong.read(field, read.ok_or_else(|| format!("{why}, in whole milliseconds")))
}

fn small(number: u32, bounds: &RangeInclusive<u32>) -> Option<u16> {
    bounds.contains(&number).then(|| u16::try_from(number).ok()).flatten()
}

/// 0 is no port.
pub(crate) fn port(wrong: &mut Violations, field: &str, number: u32) -> Option<u16> {
    if number == 0 {
        return None;
    }
    wrong.read(field, small(number, &(1..=65_535)).ok_or_else(|| "a port from 1 to 65535, or 0 for none".to_owned()))
}

/// By which carriers are spoken to: over WebSockets none is.
pub(crate) fn transport(wrong: &mut Violations, field: &str, text: &str) -> Option<Transport> {
    let known = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let read = Transport::parse(text).filter(|transport| known.contains(transport));
    wrong.read(field, read.ok_or_else(|| "udp, tcp or tls".to_owned()))
}

/// Two letters of ISO 3166-1.
pub(crate) fn country(wrong: &mut Violations, field: &str, text: &str) -> Option<String> {
    let code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    wrong.expect(code, field, "two letters of ISO 3166-1, as DE");
    code.then(|| text.to_ascii_uppercase())
}

/// Whether this may be the name of a host, or an address without brackets.
pub(crate) fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    (1..=253).contains(&text.len())
        && text.chars().all(plain)
        && (!text.contains(':') || text.parse::<IpAddr>().is_ok())
}
