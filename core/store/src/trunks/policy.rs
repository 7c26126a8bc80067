//! What nothing is looked up by of a trunk, as JSON: each word of the exchange in the spelling of the store. What a later
//! version adds has a default, so that what was kept before is read.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switch::{
    Assert, Choice, EarlyMedia, FromForm, GatewayRule, HashOver, Identity, KeyForm, NumberForm, NumberStyle,
    PrivacyForm, Probe, Registration, Reliable, SessionTimer, Source, Transport, Trunk,
};

use crate::entity::{media_columns, media_of};
use crate::error::Error;

const CORRUPT: Error = Error::Corrupt("trunk");

#[derive(Serialize, Deserialize)]
struct Policy {
    #[serde(with = "ChoiceKept", default)]
    choice: Choice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationIs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probe: Option<ProbeIs>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<SourceKept>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrecy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codecs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(with = "KeyFormKept", default)]
    keys: KeyForm,
    #[serde(with = "NumberFormKept", default)]
    numbers: NumberForm,
    #[serde(with = "IdentityKept", default)]
    identity: Identity,
    #[serde(with = "SessionTimerKept", default)]
    timer: SessionTimer,
    #[serde(with = "EarlyMediaKept", default)]
    early: EarlyMedia,
    #[serde(with = "ReliableKept", default)]
    reliable: Reliable,
    #[serde(with = "millis")]
    patience: Duration,
    unknown_number: u16,
    fax: bool,
}

/// The JSON of it.
pub(super) fn write(trunk: &Trunk) -> Result<String, Error> {
    let [secrecy, codecs, language] = media_columns(&trunk.media);
    let policy = Policy {
        choice: trunk.choice.clone(),
        registration: trunk.registration.clone().map(RegistrationIs),
        probe: trunk.probe.clone().map(ProbeIs),
        sources: trunk.sources.iter().map(SourceKept::from).collect(),
        secrecy,
        codecs,
        language,
        keys: trunk.keys,
        numbers: trunk.numbers.clone(),
        identity: trunk.identity.clone(),
        timer: trunk.timer,
        early: trunk.early,
        reliable: trunk.reliable,
        patience: trunk.patience,
        unknown_number: trunk.unknown_number,
        fax: trunk.fax,
    };
    serde_json::to_string(&policy).map_err(|_| CORRUPT)
}

/// What it says, into a trunk.
pub(super) fn read(text: &str, trunk: Trunk) -> Result<Trunk, Error> {
    let kept: Policy = serde_json::from_str(text).map_err(|_| CORRUPT)?;
    let media = media_of(kept.secrecy.as_deref(), kept.codecs.as_deref(), kept.language.as_deref()).ok_or(CORRUPT)?;
    Ok(Trunk {
        choice: kept.choice,
        registration: kept.registration.map(|kept| kept.0),
        probe: kept.probe.map(|kept| kept.0),
        sources: kept.sources.iter().map(SourceKept::read).collect::<Option<_>>().ok_or(CORRUPT)?,
        media,
        keys: kept.keys,
        numbers: kept.numbers,
        identity: kept.identity,
        timer: kept.timer,
        early: kept.early,
        reliable: kept.reliable,
        patience: kept.patience,
        unknown_number: kept.unknown_number,
        fax: kept.fax,
        ..trunk
    })
}

#[derive(Serialize, Deserialize)]
struct SourceKept {
    net: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

impl From<&Source> for SourceKept {
    fn from(source: &Source) -> Self {
        Self {
            net: source.net.to_string(),
            port: source.port,
            transport: source.transport.map(transport),
            certificate: source.certificate.clone(),
        }
    }
}

impl SourceKept {
    /// `None` for what was never written so: a source that is read otherwise would let others in.
    fn read(&self) -> Option<Source> {
        let transport = self.transport.as_deref().map(|text| Transport::parse(text).ok_or(())).transpose().ok()?;
        Some(Source { net: self.net.parse().ok()?, port: self.port, transport, certificate: self.certificate.clone() })
    }
}

/// Its name in the store: `udp`, `tls`.
pub(super) fn transport(transport: Transport) -> String {
    transport.as_str().to_ascii_lowercase()
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Choice", rename_all = "kebab-case")]
enum ChoiceKept {
    Listed,
    Weight,
    RoundRobin,
    Random,
    LeastLoaded,
    Hash(#[serde(with = "HashOverKept")] HashOver),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HashOver", rename_all = "kebab-case")]
enum HashOverKept {
    CallId,
    Caller,
    Callee,
    Header(String),
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct RegistrationIs(#[serde(with = "RegistrationKept")] Registration);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Registration")]
struct RegistrationKept {
    user: String,
    domain: Option<String>,
    #[serde(with = "millis")]
    expires: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct ProbeIs(#[serde(with = "ProbeKept")] Probe);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Probe")]
struct ProbeKept {
    #[serde(with = "millis")]
    interval: Duration,
    down: u32,
    up: u32,
    alive: Vec<u16>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyForm", rename_all = "kebab-case")]
enum KeyFormKept {
    Auto,
    Info,
    Tones,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NumberForm")]
struct NumberFormKept {
    #[serde(with = "NumberStyleKept")]
    style: NumberStyle,
    prefix: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NumberStyle", rename_all = "kebab-case")]
enum NumberStyleKept {
    Plus,
    Digits,
    International(String),
    National { country: String },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Identity")]
struct IdentityKept {
    #[serde(with = "FromFormKept")]
    from: FromForm,
    #[serde(with = "AssertKept")]
    assert: Assert,
    diversion: bool,
    #[serde(with = "PrivacyFormKept")]
    privacy: PrivacyForm,
    trusted: bool,
    foreign: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "FromForm", rename_all = "kebab-case")]
enum FromFormKept {
    Number,
    Login,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Assert", rename_all = "kebab-case")]
enum AssertKept {
    None,
    Asserted,
    Preferred,
    RemoteParty,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PrivacyForm", rename_all = "kebab-case")]
enum PrivacyFormKept {
    Header,
    Withheld,
    Ignored,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SessionTimer")]
struct SessionTimerKept {
    #[serde(with = "some_millis")]
    expires: Option<Duration>,
    #[serde(with = "millis")]
    least: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EarlyMedia", rename_all = "kebab-case")]
enum EarlyMediaKept {
    Passed,
    Replaced,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reliable", rename_all = "kebab-case")]
enum ReliableKept {
    Off,
    Supported,
    Required,
}

/// What the operator says of a gateway, with its name in the store.
const RULES: [(GatewayRule, &str); 3] =
    [(GatewayRule::Auto, "auto"), (GatewayRule::Active, "active"), (GatewayRule::Inactive, "inactive")];

pub(super) fn rule(rule: GatewayRule) -> String {
    RULES.into_iter().find(|(known, _)| *known == rule).map_or("auto", |(_, name)| name).to_owned()
}

pub(super) fn rule_of(name: &str) -> Result<GatewayRule, Error> {
    RULES.into_iter().find(|(_, known)| *known == name).map(|(rule, _)| rule).ok_or(CORRUPT)
}

/// Lengths of time as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Ok(Duration::from_millis(u64::deserialize(from)?))
    }
}

/// The same, or nothing.
mod some_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::millis::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use switch::TrunkId;

    use super::*;

    #[test]
    fn what_an_older_version_kept_is_read_and_the_rest_is_as_usual() {
        let usual = Trunk::named(TrunkId(1), "berlin");
        let read =
            super::read(r#"{"patience":4000,"unknown_number":603,"fax":false}"#, usual.clone()).expect("a trunk");
        assert_eq!((read.patience, read.unknown_number, read.fax), (Duration::from_secs(4), 603, false));
        assert_eq!((read.identity, read.timer, read.numbers), (usual.identity, usual.timer, usual.numbers));
    }

    #[test]
    fn a_source_that_cannot_be_read_is_no_source_at_all() {
        let usual = || Trunk::named(TrunkId(1), "berlin");
        let kept = |source: &str| format!(r#"{{"patience":1,"unknown_number":404,"fax":true,"sources":[{source}]}}"#);
        assert!(super::read(&kept(r#"{"net":"192.0.2.0/24","transport":"tls"}"#), usual()).is_ok());
        for odd in [r#"{"net":"everybody"}"#, r#"{"net":"192.0.2.0/24","transport":"pigeon"}"#] {
            assert!(matches!(super::read(&kept(odd), usual()), Err(Error::Corrupt("trunk"))), "{odd}");
        }
    }
}
