//! Via (RFC 3261 §20.42, RFC 3581).

use std::net::IpAddr;

use crate::error::Error;
use crate::lex::{self, Params};
use crate::transport::Transport;
use crate::uri::Host;

const WRONG: Error = Error::Value("Via");

/// One value of Via.
#[derive(Debug, Clone, Copy)]
pub struct Via<'a> {
    text: &'a str,
    transport: &'a str,
    host_text: &'a str,
    host: Host<'a>,
    port: Option<u16>,
    params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// [`Error::Value`] when it is malformed, [`Error::Version`] when it is not of SIP 2.0.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let text = lex::trim(text);
        let (protocol, params) = match lex::cut(text, b';') {
            Some((protocol, params)) => (protocol, Params(params)),
            None => (text, Params("")),
        };
        let (transport, sent_by) = match plain_protocol(protocol) {
            Some(found) => found,
            None => spaced_protocol(protocol)?,
        };
        let (host_text, host, port) = sent_by_of(sent_by).ok_or(WRONG)?;
        params.check("Via")?;
        Ok(Self { text, transport, host_text, host, port, params })
    }

    /// The whole value.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The transport as it stands.
    #[must_use]
    pub fn transport_str(&self) -> &'a str {
        self.transport
    }

    /// The transport, where it is one that is known.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        Transport::parse(self.transport)
    }

    /// The host of sent-by.
    #[must_use]
    pub fn sent_by_host(&self) -> Host<'a> {
        self.host
    }

    /// The host of sent-by as it stands.
    #[must_use]
    pub fn sent_by_str(&self) -> &'a str {
        self.host_text
    }

    /// The port of sent-by.
    #[must_use]
    pub fn sent_by_port(&self) -> Option<u16> {
        self.port
    }

    /// The branch.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.param("branch").flatten()
    }

    /// `received`, with or without brackets around IPv6 (RFC 5118 §4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.param("received").flatten()?;
        text.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// `rport`: `None` when it is not there, `Some(None)` when it asks (RFC 3581 §3).
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.param("rport").map(|value| value.and_then(|port| port.parse().ok()))
    }

    /// A parameter: `None` when it is not there, `Some(None)` without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params.get(name)
    }

    /// All parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }
}

/// The transport and sent-by of what is written as nearly everybody does.
fn plain_protocol(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("SIP/2.0/")?;
    let (transport, sent_by) = rest.split_at_checked(lex::token_span(rest.as_bytes()))?;
    (!transport.is_empty() && sent_by.starts_with(' ')).then_some((transport, sent_by))
}

/// The same where white space stands around the slashes, or something is wrong.
fn spaced_protocol(text: &str) -> Result<(&str, &str), Error> {
    let mut parts = text.splitn(3, '/');
    let name = lex::trim(parts.next().ok_or(WRONG)?);
    let version = lex::trim(parts.next().ok_or(WRONG)?);
    let rest = lex::trim(parts.next().ok_or(WRONG)?);
    let at = rest.find(lex::is_space).ok_or(WRONG)?;
    let (transport, sent_by) = rest.split_at(at);
    if !name.eq_ignore_ascii_case("SIP") || !lex::is_token(transport) {
        return Err(WRONG);
    }
    if version != "2.0" {
        return Err(Error::Version);
    }
    Ok((transport, sent_by))
}

/// `host [ COLON port ]`, where white space may stand around the colon.
fn sent_by_of(text: &str) -> Option<(&str, Host<'_>, Option<u16>)> {
    let text = lex::trim(text);
    if let Some(found) = Host::with_port(text) {
        return Some(found);
    }
    let behind = text.rfind(']').map_or(0, |at| at + 1);
    let colon = behind + text.get(behind..)?.find(':')?;
    let (host, port) = (text.get(..colon)?, text.get(colon + 1..)?);
    if !text.contains(lex::is_space) {
        return None;
    }
    let (host, port) = (lex::trim(host), lex::number(lex::trim(port), "Via").ok()?);
    Some((host, Host::parse(host)?, Some(port.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_may_stand_around_slashes_and_colon() {
        let via = Via::parse("SIP  / 2.0\r\n /UDP 192.0.2.2 : 5061 ; branch = 390skdjuw").unwrap();
        assert_eq!((via.sent_by_str(), via.sent_by_port(), via.branch()), ("192.0.2.2", Some(5061), Some("390skdjuw")));
    }

    #[test]
    fn received_is_read_with_and_without_brackets() {
        for text in [
            "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=x",
            "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=x",
        ] {
            assert_eq!(Via::parse(text).unwrap().received(), Some("2001:db8::9:255".parse().unwrap()));
        }
    }

    #[test]
    fn rport_asks_or_answers() {
        assert_eq!(Via::parse("SIP/2.0/UDP h;rport;branch=z").unwrap().rport(), Some(None));
        assert_eq!(Via::parse("SIP/2.0/UDP h;rport=9;branch=z").unwrap().rport(), Some(Some(9)));
        assert_eq!(Via::parse("SIP/2.0/UDP h;branch=z").unwrap().rport(), None);
    }
}
