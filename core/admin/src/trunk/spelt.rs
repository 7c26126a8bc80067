//! A trunk as it is kept and as it stands now, in the spelling of the API. Every match is whole: a new word of the exchange
//! does not compile here until it has a spelling.

use std::collections::BTreeMap;
use std::time::Duration;

use switch::{
    Assert, Choice, EarlyMedia, FromForm, GatewayId, GatewayRule, GatewayState, GatewayView, HashOver, Identity,
    KeyForm, NumberForm, NumberStyle, PrivacyForm, Registered, Reliable, Source, TenantId, TrunkView,
};

use crate::media;
use crate::v1::{
    self, Gateway, GatewayChoosing, GatewayLive, Names, Trunk, TrunkIdentity, TrunkLogin, TrunkNumberForm,
    TrunkProbing, TrunkRegistered, TrunkRegistering, TrunkRegistration, TrunkSettings, TrunkSource, TrunkSources,
    TrunkTimer,
};
use crate::words::timestamp;

/// A trunk, with how it stands where the exchange knows of it.
pub(super) fn trunk(trunk: switch::Trunk, tenants: &BTreeMap<TenantId, String>, view: Option<&TrunkView>) -> Trunk {
    let live = |id: GatewayId| view.and_then(|view| view.gateways.iter().find(|gateway| gateway.id == id));
    let gateways = trunk.gateways.iter().map(|one| gateway(&trunk.name, one, live(one.id))).collect();
    Trunk {
        id: trunk.id.0,
        tenant: trunk.tenant.map(|tenant| tenants.get(&tenant).cloned().unwrap_or_default()),
        gateways,
        limits: Some(crate::limit::spelt(&trunk.limits)),
        registration: view.map(|view| registration(view.registered.clone())),
        calls: view.map(|view| view.calls).unwrap_or_default(),
        settings: Some(settings(&trunk)),
        name: trunk.name,
    }
}

/// All that is set of it; of the login all but the password.
fn settings(trunk: &switch::Trunk) -> TrunkSettings {
    let registering = trunk.registration.as_ref().map(|kept| TrunkRegistering {
        user: kept.user.clone(),
        domain: kept.domain.clone().unwrap_or_default(),
        expires: time(kept.expires),
    });
    let probing = trunk.probe.as_ref().map(|probe| TrunkProbing {
        interval: time(probe.interval),
        down: probe.down,
        up: probe.up,
        alive: probe.alive.iter().copied().map(u32::from).collect(),
    });
    let login = trunk.login.as_ref().map(|login| TrunkLogin {
        user: login.user.clone(),
        realm: login.realm.clone(),
        password: None,
    });
    TrunkSettings {
        enabled: Some(trunk.enabled),
        choosing: Some(choosing(&trunk.choice)),
        login,
        registering,
        probing,
        sources: Some(TrunkSources { sources: trunk.sources.iter().map(source).collect() }),
        srtp: Some(media::srtp(&trunk.media).into()),
        codecs: Some(Names { names: media::codecs(&trunk.media) }),
        language: media::language(&trunk.media),
        keys: Some(
            match trunk.keys {
                KeyForm::Auto => v1::KeyForm::Auto,
                KeyForm::Info => v1::KeyForm::Info,
                KeyForm::Tones => v1::KeyForm::Tones,
            }
            .into(),
        ),
        numbers: Some(number_form(&trunk.numbers)),
        identity: Some(identity(&trunk.identity)),
        timer: Some(TrunkTimer { expires: trunk.timer.expires.and_then(time), least: time(trunk.timer.least) }),
        early: Some(
            match trunk.early {
                EarlyMedia::Passed => v1::EarlyMedia::Passed,
                EarlyMedia::Replaced => v1::EarlyMedia::Replaced,
            }
            .into(),
        ),
        reliable: Some(
            match trunk.reliable {
                Reliable::Off => v1::ReliableProvisional::Off,
                Reliable::Supported => v1::ReliableProvisional::Supported,
                Reliable::Required => v1::ReliableProvisional::Required,
            }
            .into(),
        ),
        patience: time(trunk.patience),
        unknown_number: Some(trunk.unknown_number.into()),
        fax: Some(trunk.fax),
    }
}

fn choosing(choice: &Choice) -> GatewayChoosing {
    let over = match choice {
        Choice::Hash(over) => Some(over),
        _ => None,
    };
    let by = match choice {
        Choice::Listed => v1::GatewayChoice::Listed,
        Choice::Weight => v1::GatewayChoice::Weight,
        Choice::RoundRobin => v1::GatewayChoice::RoundRobin,
        Choice::Random => v1::GatewayChoice::Random,
        Choice::LeastLoaded => v1::GatewayChoice::LeastLoaded,
        Choice::Hash(_) => v1::GatewayChoice::Hash,
    };
    let (over, header) = match over {
        None => (v1::HashOver::Unspecified, String::new()),
        Some(HashOver::CallId) => (v1::HashOver::CallId, String::new()),
        Some(HashOver::Caller) => (v1::HashOver::Caller, String::new()),
        Some(HashOver::Callee) => (v1::HashOver::Callee, String::new()),
        Some(HashOver::Header(name)) => (v1::HashOver::Header, name.clone()),
    };
    GatewayChoosing { by: by.into(), over: over.into(), header }
}

fn source(source: &Source) -> TrunkSource {
    TrunkSource {
        net: source.net.to_string(),
        port: source.port.map(u32::from),
        transport: source.transport.map(transport),
        certificate: source.certificate.clone(),
    }
}

fn number_form(form: &NumberForm) -> TrunkNumberForm {
    let (style, international, country) = match &form.style {
        NumberStyle::Plus => (v1::NumberStyle::Plus, String::new(), String::new()),
        NumberStyle::Digits => (v1::NumberStyle::Digits, String::new(), String::new()),
        NumberStyle::International(code) => (v1::NumberStyle::International, code.clone(), String::new()),
        NumberStyle::National { country } => (v1::NumberStyle::National, String::new(), country.clone()),
    };
    TrunkNumberForm { style: style.into(), international, country, prefix: form.prefix.clone() }
}

fn identity(identity: &Identity) -> TrunkIdentity {
    let from = match identity.from {
        FromForm::Number => v1::FromForm::Number,
        FromForm::Login => v1::FromForm::Login,
    };
    let assertion = match identity.assert {
        Assert::None => v1::CallerAssertion::None,
        Assert::Asserted => v1::CallerAssertion::Asserted,
        Assert::Preferred => v1::CallerAssertion::Preferred,
        Assert::RemoteParty => v1::CallerAssertion::RemoteParty,
    };
    let privacy = match identity.privacy {
        PrivacyForm::Header => v1::PrivacyForm::Header,
        PrivacyForm::Withheld => v1::PrivacyForm::Withheld,
        PrivacyForm::Ignored => v1::PrivacyForm::Ignored,
    };
    TrunkIdentity {
        from: Some(from.into()),
        assertion: Some(assertion.into()),
        diversion: Some(identity.diversion),
        privacy: Some(privacy.into()),
        trusted: Some(identity.trusted),
        foreign: Some(identity.foreign),
    }
}

/// One of the gateways, with how it stands where the exchange knows of it.
pub(crate) fn gateway(trunk: &str, gateway: &switch::Gateway, view: Option<&GatewayView>) -> Gateway {
    let rule = match gateway.rule {
        GatewayRule::Auto => v1::GatewayRule::Auto,
        GatewayRule::Active => v1::GatewayRule::Active,
        GatewayRule::Inactive => v1::GatewayRule::Inactive,
    };
    Gateway {
        id: gateway.id.0,
        trunk: trunk.to_owned(),
        name: gateway.name.clone(),
        host: gateway.site.host.clone(),
        port: gateway.site.port.map(u32::from),
        transport: gateway.site.transport.map(transport),
        priority: gateway.priority.into(),
        weight: gateway.weight.into(),
        rule: rule.into(),
        max_calls: gateway.max_calls,
        live: view.map(live),
    }
}

fn live(view: &GatewayView) -> GatewayLive {
    let address =
        |(over, address): &(switch::Transport, std::net::SocketAddr)| format!("{} {address}", transport(*over));
    GatewayLive {
        state: gateway_state(view.state).into(),
        calls: view.calls,
        addresses: view.addresses.iter().map(address).collect(),
        round_trip: view.round_trip.and_then(time),
        rests_until: view.rests_until.map(timestamp),
    }
}

pub(super) fn gateway_state(state: GatewayState) -> v1::GatewayState {
    match state {
        GatewayState::Active => v1::GatewayState::Active,
        GatewayState::Inactive => v1::GatewayState::Inactive,
        GatewayState::Probing => v1::GatewayState::Probing,
    }
}

pub(super) fn registration(registered: Registered) -> TrunkRegistration {
    match registered {
        Registered::Unwanted => {
            TrunkRegistration { state: TrunkRegistered::Unwanted.into(), ..TrunkRegistration::default() }
        }
        Registered::Trying => {
            TrunkRegistration { state: TrunkRegistered::Trying.into(), ..TrunkRegistration::default() }
        }
        Registered::Until(until) => TrunkRegistration {
            state: TrunkRegistered::Until.into(),
            until: Some(timestamp(until)),
            ..TrunkRegistration::default()
        },
        Registered::Failed { status, why, again } => TrunkRegistration {
            state: TrunkRegistered::Failed.into(),
            until: None,
            status: status.into(),
            why,
            again: Some(timestamp(again)),
        },
    }
}

fn transport(transport: switch::Transport) -> String {
    transport.as_str().to_ascii_lowercase()
}

fn time(time: Duration) -> Option<prost_types::Duration> {
    time.try_into().ok()
}
