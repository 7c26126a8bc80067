//! Reliable provisional responses (RFC 3262): which one a response is, and which a PRACK acknowledges.

use crate::error::Error;
use crate::lex;
use crate::message::{CSeq, Message};
use crate::method::Method;
use crate::name::Name;

/// RAck (RFC 3262 §7.2): the response that a PRACK is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rack<'a> {
    /// The RSeq of that response.
    pub rseq: u32,
    /// Its CSeq.
    pub cseq: CSeq<'a>,
}

impl<'a> Message<'a> {
    /// RSeq (RFC 3262 §7.1); none for 0, which no response has.
    ///
    /// # Errors
    /// When it is no number.
    pub fn rseq(&self) -> Result<Option<u32>, Error> {
        Ok(self.number(Name::Rseq)?.filter(|number| *number > 0))
    }

    /// RAck.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn rack(&self) -> Result<Rack<'a>, Error> {
        let value = self.one(Name::Rack)?;
        let mut words = value.split(lex::is_space).filter(|word| !word.is_empty());
        let (Some(rseq), Some(number), Some(method), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Error::Value("RAck"));
        };
        let (rseq, number) = (lex::number(rseq, "RAck")?, lex::number(number, "RAck")?);
        if !lex::is_token(method) {
            return Err(Error::Value("RAck"));
        }
        Ok(Rack { rseq, cseq: CSeq { number, method: Method::parse(method) } })
    }

    /// The sender understands this extension (RFC 3261 §20.37).
    #[must_use]
    pub fn supports(&self, option: &str) -> bool {
        self.tokens(Name::Supported).any(|token| token.eq_ignore_ascii_case(option))
    }

    /// The sender insists on this extension (§20.32).
    #[must_use]
    pub fn requires(&self, option: &str) -> bool {
        self.tokens(Name::Require).any(|token| token.eq_ignore_ascii_case(option))
    }

    /// The sender takes this method, as it says (§20.5); `None` where it says nothing.
    #[must_use]
    pub fn allows(&self, method: Method<'_>) -> Option<bool> {
        self.has(Name::Allow).then(|| self.tokens(Name::Allow).any(|token| token == method.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, Limits, Method, parse};

    fn rack(value: &str) -> Result<(u32, u32, bool), Error> {
        let text = format!("PRACK sip:a@h SIP/2.0\r\n{value}\r\n");
        let message = parse(text.as_bytes(), &Limits::default()).expect("a message");
        message.rack().map(|rack| (rack.rseq, rack.cseq.number, rack.cseq.method == Method::Invite))
    }

    #[test]
    fn a_rack_names_one_response_of_one_request() {
        assert_eq!(rack("RAck: 776656 1 INVITE\r\n"), Ok((776_656, 1, true)));
        assert_eq!(rack("RACK:  1\r\n  2\t INVITE\r\n"), Ok((1, 2, true)));
        assert_eq!(rack("RAck: 1 2 UPDATE\r\n"), Ok((1, 2, false)));
        assert_eq!(rack(""), Err(Error::Missing("RAck")));
        for value in ["", "1", "1 2", "1 2 INVITE 3", "x 2 INVITE", "1 -2 INVITE", "1 2 IN@VITE"] {
            assert_eq!(rack(&format!("RAck: {value}\r\n")), Err(Error::Value("RAck")), "{value:?}");
        }
        assert_eq!(rack("RAck: 4294967296 2 INVITE\r\n"), Err(Error::Range("RAck")));
    }

    #[test]
    fn what_the_sender_can_and_wants_is_read_from_lists() {
        let text = "INVITE sip:a@h SIP/2.0\r\nk: timer, 100REL\r\nSupported: path\r\nRequire: precondition\r\n\
            Allow: INVITE, ACK\r\nAllow: UPDATE\r\nRSeq: 0\r\n\r\n";
        let message = parse(text.as_bytes(), &Limits::default()).expect("a message");
        assert!(message.supports("100rel") && message.supports("path") && !message.supports("precondition"));
        assert!(message.requires("precondition") && !message.requires("100rel"));
        assert_eq!([Method::Update, Method::Prack].map(|method| message.allows(method)), [Some(true), Some(false)]);
        assert_eq!(message.rseq(), Ok(None));
        let silent = parse(b"OPTIONS sip:a@h SIP/2.0\r\nRSeq: 17\r\n\r\n", &Limits::default()).expect("a message");
        assert_eq!((silent.allows(Method::Update), silent.rseq()), (None, Ok(Some(17))));
    }
}
