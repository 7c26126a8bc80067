//! What a carrier is told of the caller (RFC 3323, 3325, 5806), and what it is believed of its callers.

use std::net::SocketAddr;

use sip::{Message, Name, NameAddr, Uri};

use super::{Assert, FromForm, PrivacyForm, Trunk, domain_of};
use crate::ask::Hop;
use crate::call::ShownAs;
use crate::ids::GatewayId;
use crate::letter::Escaped;

/// What stands of the caller in an INVITE to a carrier.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Introduction {
    /// From, without a tag.
    pub(crate) from: String,
    /// The user part of our Contact.
    pub(crate) contact: String,
    /// Further rows: name and value.
    pub(crate) rows: Vec<(&'static str, String)>,
}

impl Introduction {
    /// Of this caller, by this trunk; `own` is our address there. `private`: the dial wants no number shown.
    pub(crate) fn of(
        trunk: &Trunk,
        gateway: Option<GatewayId>,
        hop: &Hop,
        caller: &ShownAs,
        private: bool,
        own: SocketAddr,
    ) -> Self {
        let identity = &trunk.identity;
        let private = (private || caller.privacy.is_some()) && identity.privacy != PrivacyForm::Ignored;
        // Who has an account at a carrier is somebody of its domain; any other is of ours.
        let at = trunk.gateways.iter().position(|known| Some(known.id) == gateway).unwrap_or(0);
        let customer = trunk.login.is_some() || trunk.registration.is_some();
        let domain = domain_of(trunk, at).filter(|_| customer).unwrap_or_else(|| own.to_string());
        let account = trunk.login.as_ref().map(|login| login.user.as_str());
        let account = account.or(trunk.registration.as_ref().map(|registration| registration.user.as_str()));
        let number = hop.caller.as_deref();
        let user = match identity.from {
            FromForm::Number => number.or(account),
            FromForm::Login => account.or(number),
        };
        let from = match user {
            // RFC 3323 §4.1.1.3
            _ if private => "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
            Some(user) => format!("{}<sip:{}@{domain}>", quoted(caller.name.as_deref()), Escaped(user)),
            None => format!("<sip:anonymous@{domain}>"),
        };
        let registered = trunk.registration.as_ref().map(|registration| registration.user.as_str());
        let contact = match registered {
            Some(user) => Escaped(user).to_string(),
            // RFC 3323 §4.1: the Contact tells as much as From.
            None if private => "anonymous".to_owned(),
            None => user.map_or_else(|| "anonymous".to_owned(), |user| Escaped(user).to_string()),
        };
        let mut rows = Vec::new();
        // RFC 3325 §7: whom we do not trust is not told who wants to be private.
        let told = !private || (identity.trusted && identity.privacy == PrivacyForm::Header);
        if let Some(number) = number.filter(|_| told) {
            rows.extend(asserted(identity.assert, number, &domain, private));
        }
        if private {
            // RFC 3323 §4.2, RFC 3325 §9.3
            let value = if identity.privacy == PrivacyForm::Header { "id" } else { "user;id" };
            rows.push((Name::Privacy.as_str(), value.to_owned()));
        }
        if let Some(diverted) = hop.diverted.as_ref().filter(|_| identity.diversion) {
            let value = format!("<sip:{}@{domain}>;reason=unknown;counter=1", Escaped(diverted));
            rows.push((Name::Diversion.as_str(), value));
        }
        Self { from, contact, rows }
    }
}

fn asserted(form: Assert, number: &str, domain: &str, private: bool) -> Option<(&'static str, String)> {
    let address = format!("<sip:{}@{domain}>", Escaped(number));
    match form {
        Assert::None => None,
        Assert::Asserted => Some((Name::PAssertedIdentity.as_str(), address)),
        Assert::Preferred => Some((Name::PPreferredIdentity.as_str(), address)),
        Assert::RemoteParty => {
            let privacy = if private { "full" } else { "off" };
            Some((REMOTE_PARTY, format!("{address};party=calling;screen=yes;privacy={privacy}")))
        }
    }
}

const REMOTE_PARTY: &str = "Remote-Party-ID";

fn quoted(name: Option<&str>) -> String {
    let Some(name) = name else { return String::new() };
    format!("\"{}\" ", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The caller's number as a carrier gives it: asserted where the carrier is trusted, else as From has it. Empty for a
/// caller that is anonymous.
pub(crate) fn caller_of(trunk: &Trunk, invite: &Message<'_>) -> String {
    let asserted = || {
        let addresses = invite.addresses(Name::PAssertedIdentity).filter_map(Result::ok);
        // RFC 3325 §9.1: a SIP URI, a tel URI, or one of each.
        addresses.filter_map(|address| number_of(address.uri())).find(|number| !number.is_empty())
    };
    let remote = || {
        let value = invite.other(REMOTE_PARTY)?;
        number_of(NameAddr::parse(&value, REMOTE_PARTY).ok()?.uri())
    };
    let trusted = trunk.identity.trusted.then(|| asserted().or_else(remote)).flatten();
    let from = || invite.from().ok().and_then(|from| number_of(from.uri()));
    let number = trusted.or_else(from).unwrap_or_default();
    if number.eq_ignore_ascii_case("anonymous") { String::new() } else { number }
}

/// The number in a SIP URI's user part or in a tel URI (RFC 3966), without parameters and visual separators.
fn number_of(uri: Uri<'_>) -> Option<String> {
    let user = match uri.scheme() {
        sip::Scheme::Tel => uri.as_str().split_once(':')?.1.to_owned(),
        _ => uri.user_unescaped()?.into_owned(),
    };
    let user = user.split(';').next().unwrap_or_default();
    let tel = matches!(uri.scheme(), sip::Scheme::Tel);
    Some(if tel { user.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect() } else { user.to_owned() })
}

/// Whom an INVITE of a carrier is for, as far as it may be a number: Request-URI, To, P-Called-Party-ID (RFC 7315 §4.2).
pub(crate) fn called_by(invite: &Message<'_>) -> Vec<String> {
    let party = invite.other("P-Called-Party-ID");
    let party = party.as_deref().and_then(|value| NameAddr::parse(value, "P-Called-Party-ID").ok());
    let to = invite.to().ok().map(|to| to.uri());
    let mut called = Vec::new();
    for uri in [invite.uri().ok(), to, party.map(|party| party.uri())].into_iter().flatten() {
        if let Some(number) = number_of(uri)
            && !number.is_empty()
            && !called.contains(&number)
        {
            called.push(number);
        }
    }
    called
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::ask::Ha1;
    use crate::ids::TrunkId;
    use crate::spending::{Payer, Purse, SpendingLimits};
    use crate::trunk::{Identity, Login};

    fn hop(caller: Option<&str>, diverted: Option<&str>) -> Hop {
        Hop {
            trunk: TrunkId(1),
            callee: "+4430".into(),
            caller: caller.map(str::to_owned),
            diverted: diverted.map(str::to_owned),
            rate: None,
            purse: Purse {
                payer: Payer::Trunk(TrunkId(1)),
                limits: SpendingLimits::default(),
                day_ends: SystemTime::UNIX_EPOCH,
            },
        }
    }

    fn told(identity: Identity, login: bool, hop: &Hop, private: bool) -> String {
        let mut trunk = Trunk::named(TrunkId(1), "t");
        trunk.identity = identity;
        if login {
            trunk.login = Some(Login { user: "acc".into(), realm: "r".into(), ha1: Ha1::of("acc", "r", "p") });
            trunk.gateways.push(crate::trunk::Gateway {
                id: GatewayId(1),
                name: "a".into(),
                site: crate::trunk::Site { host: "carrier.example".into(), port: None, transport: None },
                priority: 1,
                weight: 1,
                rule: crate::trunk::GatewayRule::Auto,
                max_calls: None,
            });
        }
        let caller = ShownAs { name: Some("A \"b\"".into()), number: "1001".into(), privacy: None, max_forwards: 70 };
        let own = "192.0.2.1:5060".parse().expect("an address");
        let introduction = Introduction::of(&trunk, None, hop, &caller, private, own);
        let rows: Vec<String> = introduction.rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{} | {} | {}", introduction.from, introduction.contact, rows.join(" | "))
    }

    #[test]
    fn a_carrier_is_told_what_its_policy_says_and_no_extension_of_ours() {
        let number = hop(Some("+4930123"), None);
        let plain = Identity::default();
        assert_eq!(
            told(plain.clone(), false, &number, false),
            "\"A \\\"b\\\"\" <sip:+4930123@192.0.2.1:5060> | +4930123 | P-Asserted-Identity: <sip:+4930123@192.0.2.1:5060>"
        );
        let login = Identity { from: FromForm::Login, assert: Assert::Preferred, ..plain.clone() };
        assert_eq!(
            told(login, true, &number, false),
            "\"A \\\"b\\\"\" <sip:acc@carrier.example> | acc | P-Preferred-Identity: <sip:+4930123@carrier.example>"
        );
        let remote = Identity { assert: Assert::RemoteParty, ..plain.clone() };
        assert!(told(remote, false, &number, false).ends_with(";party=calling;screen=yes;privacy=off"));
        let none = Identity { assert: Assert::None, ..plain };
        assert_eq!(told(none, false, &hop(None, None), false), "<sip:anonymous@192.0.2.1:5060> | anonymous | ");
    }

    #[test]
    fn who_wants_to_be_private_is_told_to_the_trusted_alone() {
        let number = hop(Some("+4930123"), None);
        let anonymous = "\"Anonymous\" <sip:anonymous@anonymous.invalid> | anonymous | ";
        assert_eq!(told(Identity::default(), false, &number, true), format!("{anonymous}Privacy: id"));
        let trusted = Identity { trusted: true, ..Identity::default() };
        let shown = told(trusted.clone(), false, &number, true);
        assert_eq!(
            shown,
            format!("{anonymous}P-Asserted-Identity: <sip:+4930123@192.0.2.1:5060> | Privacy: id"),
            "RFC 3325 §7"
        );
        let withheld = Identity { privacy: PrivacyForm::Withheld, ..trusted.clone() };
        assert_eq!(told(withheld, false, &number, true), format!("{anonymous}Privacy: user;id"));
        let ignored = Identity { privacy: PrivacyForm::Ignored, ..trusted };
        assert!(told(ignored, false, &number, true).contains("<sip:+4930123@192.0.2.1:5060> | +4930123 | P-Asserted"));
    }

    #[test]
    fn a_forwarded_call_says_for_whom_it_was() {
        let forwarded = hop(Some("+4478"), Some("+4930123"));
        let diversion = "Diversion: <sip:+4930123@192.0.2.1:5060>;reason=unknown;counter=1";
        assert!(told(Identity::default(), false, &forwarded, false).ends_with(diversion));
        let silent = Identity { diversion: false, ..Identity::default() };
        assert!(!told(silent, false, &forwarded, false).contains("Diversion"));
    }

    fn invite(rows: &str) -> Vec<u8> {
        format!(
            "INVITE sip:+49301;npdi@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:+4478@c>;tag=1\r\n\
             To: <tel:+49-30-2>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{rows}Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    fn caller(trusted: bool, rows: &str) -> String {
        let mut trunk = Trunk::named(TrunkId(1), "t");
        trunk.identity.trusted = trusted;
        let bytes = invite(rows);
        caller_of(&trunk, &sip::parse(&bytes, &sip::Limits::default()).expect("an INVITE"))
    }

    #[test]
    fn only_who_is_trusted_is_believed_who_calls() {
        let asserted = "P-Asserted-Identity: <tel:+44-20-79>, <sip:+1@x>\r\n";
        assert_eq!(caller(true, asserted), "+442079");
        assert_eq!(caller(false, asserted), "+4478");
        assert_eq!(caller(true, "Remote-Party-ID: \"x\" <sip:+4912@c>;party=calling\r\n"), "+4912");
        assert_eq!(caller(true, "P-Asserted-Identity: <<\r\n"), "+4478");
        assert_eq!(caller(true, "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>\r\n"), "");
    }

    #[test]
    fn the_called_number_is_looked_for_where_carriers_write_it() {
        let bytes = invite("P-Called-Party-ID: <sip:+49303@us>\r\n");
        let message = sip::parse(&bytes, &sip::Limits::default()).expect("an INVITE");
        assert_eq!(called_by(&message), ["+49301", "+49302", "+49303"]);
    }
}
