//! The words of trunks in both spellings, side by side. Where a word of the exchange holds more than its name, its own name in
//! the API stands for it.

use switch::{Assert, EarlyMedia, FromForm, GatewayRule, KeyForm, PrivacyForm, Reliable};

use crate::v1;

pub(super) const CHOICES: [(&str, v1::GatewayChoice, v1::GatewayChoice); 6] = [
    ("listed", v1::GatewayChoice::Listed, v1::GatewayChoice::Listed),
    ("weight", v1::GatewayChoice::Weight, v1::GatewayChoice::Weight),
    ("round-robin", v1::GatewayChoice::RoundRobin, v1::GatewayChoice::RoundRobin),
    ("random", v1::GatewayChoice::Random, v1::GatewayChoice::Random),
    ("least-loaded", v1::GatewayChoice::LeastLoaded, v1::GatewayChoice::LeastLoaded),
    ("hash", v1::GatewayChoice::Hash, v1::GatewayChoice::Hash),
];
pub(super) const HASHES: [(&str, v1::HashOver, v1::HashOver); 4] = [
    ("call-id", v1::HashOver::CallId, v1::HashOver::CallId),
    ("caller", v1::HashOver::Caller, v1::HashOver::Caller),
    ("callee", v1::HashOver::Callee, v1::HashOver::Callee),
    ("header", v1::HashOver::Header, v1::HashOver::Header),
];
pub(super) const STYLES: [(&str, v1::NumberStyle, v1::NumberStyle); 4] = [
    ("plus", v1::NumberStyle::Plus, v1::NumberStyle::Plus),
    ("digits", v1::NumberStyle::Digits, v1::NumberStyle::Digits),
    ("international", v1::NumberStyle::International, v1::NumberStyle::International),
    ("national", v1::NumberStyle::National, v1::NumberStyle::National),
];
pub(super) const KEY_FORMS: [(&str, v1::KeyForm, KeyForm); 3] = [
    ("auto", v1::KeyForm::Auto, KeyForm::Auto),
    ("info", v1::KeyForm::Info, KeyForm::Info),
    ("tones", v1::KeyForm::Tones, KeyForm::Tones),
];
pub(super) const FROM_FORMS: [(&str, v1::FromForm, FromForm); 2] =
    [("number", v1::FromForm::Number, FromForm::Number), ("login", v1::FromForm::Login, FromForm::Login)];
pub(super) const ASSERTIONS: [(&str, v1::CallerAssertion, Assert); 4] = [
    ("none", v1::CallerAssertion::None, Assert::None),
    ("asserted", v1::CallerAssertion::Asserted, Assert::Asserted),
    ("preferred", v1::CallerAssertion::Preferred, Assert::Preferred),
    ("remote-party", v1::CallerAssertion::RemoteParty, Assert::RemoteParty),
];
pub(super) const PRIVACY_FORMS: [(&str, v1::PrivacyForm, PrivacyForm); 3] = [
    ("header", v1::PrivacyForm::Header, PrivacyForm::Header),
    ("withheld", v1::PrivacyForm::Withheld, PrivacyForm::Withheld),
    ("ignored", v1::PrivacyForm::Ignored, PrivacyForm::Ignored),
];
pub(super) const EARLY: [(&str, v1::EarlyMedia, EarlyMedia); 2] = [
    ("passed", v1::EarlyMedia::Passed, EarlyMedia::Passed),
    ("replaced", v1::EarlyMedia::Replaced, EarlyMedia::Replaced),
];
pub(super) const RELIABLE: [(&str, v1::ReliableProvisional, Reliable); 3] = [
    ("off", v1::ReliableProvisional::Off, Reliable::Off),
    ("supported", v1::ReliableProvisional::Supported, Reliable::Supported),
    ("required", v1::ReliableProvisional::Required, Reliable::Required),
];
pub(crate) const RULES: [(&str, v1::GatewayRule, GatewayRule); 3] = [
    ("auto", v1::GatewayRule::Auto, GatewayRule::Auto),
    ("active", v1::GatewayRule::Active, GatewayRule::Active),
    ("inactive", v1::GatewayRule::Inactive, GatewayRule::Inactive),
];
