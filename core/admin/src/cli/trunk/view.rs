//! A trunk as people read it.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{limit, media, words};
use crate::v1::{
    self, EarlyMedia, FromForm, Gateway, GatewayChoice, GatewayRule, GatewayState, HashOver, KeyForm, NumberStyle,
    PrivacyForm, ReliableProvisional, Trunk, TrunkRegistered, TrunkRegistration, TrunkSettings,
};

pub(super) const LISTED: [&str; 6] = ["NAME", "OWNER", "ENABLED", "REGISTRATION", "ALIVE", "CALLS"];

pub(super) fn row(console: &Console, trunk: &Trunk) -> Vec<String> {
    let enabled = trunk.settings.as_ref().and_then(|settings| settings.enabled);
    vec![
        trunk.name.clone(),
        trunk.tenant.clone().unwrap_or_default(),
        word(enabled),
        registration(console, trunk.registration.as_ref()),
        alive(trunk),
        trunk.calls.to_string(),
    ]
}

/// How many of its gateways live.
pub(super) fn alive(trunk: &Trunk) -> String {
    let lives = |gateway: &&Gateway| {
        gateway.live.as_ref().is_some_and(|live| live.state() == GatewayState::Active)
            && gateway.rule() != GatewayRule::Inactive
    };
    if !trunk.gateways.is_empty() && trunk.gateways.iter().all(|gateway| gateway.live.is_none()) {
        return "not known yet".to_owned();
    }
    format!("{} of {}", trunk.gateways.iter().filter(lives).count(), trunk.gateways.len())
}

pub(super) fn registration(console: &Console, registration: Option<&TrunkRegistration>) -> String {
    let Some(registration) = registration else { return "not known yet".to_owned() };
    match registration.state() {
        TrunkRegistered::Unspecified => String::new(),
        TrunkRegistered::Unwanted => "-".to_owned(),
        TrunkRegistered::Trying => "trying".to_owned(),
        TrunkRegistered::Until => format!("until {}", console.time(registration.until)),
        TrunkRegistered::Failed => {
            let again = console.time(registration.again);
            format!("failed with {}: {}; again at {again}", registration.status, registration.why)
        }
    }
}

pub(super) fn show(console: &mut Console, trunk: &Trunk) -> Result<(), Failure> {
    console.card(trunk, |console| card(console, trunk))?;
    if console.json || trunk.gateways.is_empty() {
        return Ok(());
    }
    console.say("", &serde_json::Value::Null)?;
    let header = [
        "GATEWAY",
        "HOST",
        "PORT",
        "TRANSPORT",
        "PRIORITY",
        "WEIGHT",
        "RULE",
        "MAX CALLS",
        "STATE",
        "CALLS",
        "ROUND TRIP",
        "ADDRESSES",
    ];
    let rows: Vec<_> = trunk.gateways.iter().map(|one| gateway(console, one).to_vec()).collect();
    console.rows(&header, &rows)
}

fn card(console: &Console, trunk: &Trunk) -> Vec<(&'static str, String)> {
    let usual = TrunkSettings::default();
    let settings = trunk.settings.as_ref().unwrap_or(&usual);
    let identity = settings.identity.unwrap_or_default();
    let mut card = vec![
        ("Name", trunk.name.clone()),
        ("Owner", trunk.tenant.clone().unwrap_or_default()),
        ("Enabled", word(settings.enabled)),
        ("Registration", registration(console, trunk.registration.as_ref())),
        ("Calls", trunk.calls.to_string()),
        ("Chosen", choosing(settings)),
    ];
    card.extend(account(settings));
    card.extend([
        ("Sources", sources(settings)),
        ("SRTP", media::srtp(settings.srtp())),
        ("Codecs", settings.codecs.as_ref().map(|codecs| codecs.names.join(",")).unwrap_or_default()),
        ("Language", settings.language.clone().unwrap_or_default()),
        ("Keys", key_form(settings.keys()).to_owned()),
        ("Numbers", numbers(settings)),
        ("From", from_form(identity.from()).to_owned()),
        ("Assertion", assertion(identity.assertion()).to_owned()),
        ("Privacy", privacy(identity.privacy()).to_owned()),
        ("Diversion", word(identity.diversion)),
        ("Trusted", word(identity.trusted)),
        ("Foreign callers", word(identity.foreign)),
        ("Session timer", timer(settings)),
        ("Early media", early(settings.early()).to_owned()),
        ("Reliable", reliable(settings.reliable()).to_owned()),
        ("Patience", settings.patience.map(words::seconds).unwrap_or_default()),
        ("Unknown number", settings.unknown_number.unwrap_or_default().to_string()),
        ("Fax", word(settings.fax)),
        ("Limits", trunk.limits.as_ref().map(limit::line).unwrap_or_default()),
    ]);
    card
}

fn account(settings: &TrunkSettings) -> [(&'static str, String); 3] {
    let login = settings.login.as_ref().map(|login| format!("{} at {}", login.user, login.realm));
    let registers = settings.registering.as_ref().map(|wish| {
        let domain = if wish.domain.is_empty() { "the gateway's host" } else { &wish.domain };
        format!("{} in {domain}, for {}", wish.user, words::length(wish.expires))
    });
    let probes = settings.probing.as_ref().map(|probing| {
        let every = probing.interval.map(words::seconds).unwrap_or_default();
        let alive: Vec<_> = probing.alive.iter().map(ToString::to_string).collect();
        let counts = if alive.is_empty() { String::new() } else { format!("; {} count", alive.join(",")) };
        format!("every {every}, dead after {}, alive after {}{counts}", probing.down, probing.up)
    });
    [
        ("Credentials", login.unwrap_or_default()),
        ("Registers", registers.unwrap_or_default()),
        ("Probes", probes.unwrap_or_default()),
    ]
}

fn choosing(settings: &TrunkSettings) -> String {
    let Some(choosing) = &settings.choosing else { return String::new() };
    match choosing.by() {
        GatewayChoice::Unspecified => String::new(),
        GatewayChoice::Listed => "as listed".to_owned(),
        GatewayChoice::Weight => "by weight".to_owned(),
        GatewayChoice::RoundRobin => "round robin".to_owned(),
        GatewayChoice::Random => "at random".to_owned(),
        GatewayChoice::LeastLoaded => "the least loaded".to_owned(),
        GatewayChoice::Hash => match choosing.over() {
            HashOver::Unspecified | HashOver::CallId => "by hash over the Call-ID".to_owned(),
            HashOver::Caller => "by hash over the caller".to_owned(),
            HashOver::Callee => "by hash over the callee".to_owned(),
            HashOver::Header => format!("by hash over {}", choosing.header),
        },
    }
}

fn sources(settings: &TrunkSettings) -> String {
    let sources = settings.sources.iter().flat_map(|sources| &sources.sources);
    let spelt = sources.map(|source| {
        let port = source.port.map(|port| format!(",port={port}"));
        let over = source.transport.as_ref().map(|over| format!(",transport={over}"));
        let shown = source.certificate.as_ref().map(|name| format!(",certificate={name}"));
        [Some(source.net.clone()), port, over, shown].into_iter().flatten().collect::<String>()
    });
    spelt.collect::<Vec<_>>().join(" ")
}

fn numbers(settings: &TrunkSettings) -> String {
    let Some(form) = &settings.numbers else { return String::new() };
    let style = match form.style() {
        NumberStyle::Unspecified => String::new(),
        NumberStyle::Plus => "+4930123456".to_owned(),
        NumberStyle::Digits => "4930123456".to_owned(),
        NumberStyle::International => format!("{}4930123456", form.international),
        NumberStyle::National => format!("as dialled in {}", form.country),
    };
    if form.prefix.is_empty() { style } else { format!("{style}, {} before the called one", form.prefix) }
}

fn timer(settings: &TrunkSettings) -> String {
    let Some(timer) = settings.timer else { return String::new() };
    let least = timer.least.map(words::seconds).unwrap_or_default();
    match timer.expires {
        Some(expires) => format!("{}, at least {least}", words::seconds(expires)),
        None => format!("not asked for, at least {least}"),
    }
}

/// Name, host, port, transport, priority, weight, rule, most calls; state, calls, round trip, addresses.
pub(super) fn gateway(console: &Console, gateway: &Gateway) -> [String; 12] {
    let live = gateway.live.as_ref();
    let state = live.map(|live| match live.rests_until {
        Some(until) => format!("{}, rests until {}", state(live.state()), console.clock(Some(until))),
        None => state(live.state()).to_owned(),
    });
    let none = || "-".to_owned();
    [
        gateway.name.clone(),
        gateway.host.clone(),
        gateway.port.map_or_else(none, |port| port.to_string()),
        gateway.transport.clone().unwrap_or_else(none),
        gateway.priority.to_string(),
        gateway.weight.to_string(),
        rule(gateway.rule()).to_owned(),
        gateway.max_calls.map_or_else(none, |most| most.to_string()),
        state.unwrap_or_else(|| "not known yet".to_owned()),
        live.map(|live| live.calls.to_string()).unwrap_or_default(),
        live.and_then(|live| live.round_trip).map_or_else(none, words::millis),
        live.map(|live| live.addresses.join(", ")).unwrap_or_default(),
    ]
}

pub(super) fn state(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Unspecified => "",
        GatewayState::Active => "active",
        GatewayState::Inactive => "inactive",
        GatewayState::Probing => "probing",
    }
}

fn rule(rule: GatewayRule) -> &'static str {
    match rule {
        GatewayRule::Unspecified => "",
        GatewayRule::Auto => "auto",
        GatewayRule::Active => "active",
        GatewayRule::Inactive => "inactive",
    }
}

fn key_form(form: KeyForm) -> &'static str {
    match form {
        KeyForm::Unspecified => "",
        KeyForm::Auto => "auto",
        KeyForm::Info => "info",
        KeyForm::Tones => "tones",
    }
}

fn from_form(form: FromForm) -> &'static str {
    match form {
        FromForm::Unspecified => "",
        FromForm::Number => "number",
        FromForm::Login => "login",
    }
}

fn assertion(assertion: v1::CallerAssertion) -> &'static str {
    match assertion {
        v1::CallerAssertion::Unspecified => "",
        v1::CallerAssertion::None => "none",
        v1::CallerAssertion::Asserted => "asserted",
        v1::CallerAssertion::Preferred => "preferred",
        v1::CallerAssertion::RemoteParty => "remote-party",
    }
}

fn privacy(privacy: PrivacyForm) -> &'static str {
    match privacy {
        PrivacyForm::Unspecified => "",
        PrivacyForm::Header => "header",
        PrivacyForm::Withheld => "withheld",
        PrivacyForm::Ignored => "ignored",
    }
}

fn early(early: EarlyMedia) -> &'static str {
    match early {
        EarlyMedia::Unspecified => "",
        EarlyMedia::Passed => "passed",
        EarlyMedia::Replaced => "replaced",
    }
}

fn reliable(reliable: ReliableProvisional) -> &'static str {
    match reliable {
        ReliableProvisional::Unspecified => "",
        ReliableProvisional::Off => "off",
        ReliableProvisional::Supported => "supported",
        ReliableProvisional::Required => "required",
    }
}

fn word(yes: Option<bool>) -> String {
    match yes {
        None => "",
        Some(true) => "yes",
        Some(false) => "no",
    }
    .to_owned()
}
