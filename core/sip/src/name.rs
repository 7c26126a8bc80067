//! Header names, with their compact forms (RFC 3261 §7.3.3 and §20; IANA).

/// Names each header: variant, spelling, compact form.
macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?,)*) => {
        /// A header name that has a meaning here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Name {
            $($variant,)*
            /// Any other: its text stands in its row.
            Other,
        }

        impl Name {
            /// All names but `Other`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The standard spelling; empty for `Other`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }

            fn of_compact(letter: u8) -> Self {
                match letter.to_ascii_lowercase() {
                    $($(letter if letter == $compact => Self::$variant,)?)*
                    _ => Self::Other,
                }
            }
        }
    };
}

names! {
    Accept "Accept",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    Event "Event" b'o',
    Expires "Expires",
    From "From" b'f',
    HistoryInfo "History-Info",
    MaxForwards "Max-Forwards",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    Rack "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    ReferTo "Refer-To" b'r',
    ReferredBy "Referred-By" b'b',
    Replaces "Replaces",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    Rseq "RSeq",
    Server "Server",
    SessionExpires "Session-Expires" b'x',
    Subject "Subject" b's',
    SubscriptionState "Subscription-State",
    Supported "Supported" b'k',
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

impl Name {
    /// How many there are, with `Other`.
    pub(crate) const COUNT: usize = Self::ALL.len() + 1;

    /// Reads a name in any case, long or compact.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.as_bytes() {
            [letter] => Self::of_compact(*letter),
            bytes => {
                let mut slot = hash(bytes);
                // As many steps as there are slots would find an empty one; few names need a second.
                while let Some(Some((name, known))) = TABLE.get(slot % SLOTS) {
                    // Nearly all write it as the standard does, and that is quicker seen.
                    if *known == text || known.eq_ignore_ascii_case(text) {
                        return *name;
                    }
                    slot += 1;
                }
                Self::Other
            }
        }
    }
}

/// Twice as many slots as names, or more: an empty one is never far.
const SLOTS: usize = 256;

/// The names by their hash, each in the first free slot from there on.
static TABLE: [Option<(Name, &str)>; SLOTS] = {
    // A name's number is a bit of the index of a message.
    assert!(Name::ALL.len() < 64);
    let mut table = [None; SLOTS];
    let mut at = 0;
    while at < Name::ALL.len() {
        let name = Name::ALL[at];
        let mut slot = hash(name.as_str().as_bytes());
        while table[slot % SLOTS].is_some() {
            slot += 1;
        }
        table[slot % SLOTS] = Some((name, name.as_str()));
        at += 1;
    }
    table
};

/// By length, first, third and last letter in either case.
#[allow(clippy::indexing_slicing, reason = "every index is below the length")]
const fn hash(name: &[u8]) -> usize {
    let length = name.len();
    if length < 2 {
        return length;
    }
    let third = if length > 2 { name[2] } else { 0 };
    let letters = [name[0] | 0x20, third | 0x20, name[length - 1] | 0x20];
    letters[0] as usize * 31 + letters[1] as usize * 7 + letters[2] as usize * 3 + length * 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_in_any_case_and_in_its_compact_form() {
        for name in Name::ALL {
            assert_eq!(Name::parse(name.as_str()), *name);
            assert_eq!(Name::parse(&name.as_str().to_ascii_uppercase()), *name);
        }
        assert_eq!(Name::parse("v"), Name::Via);
        assert_eq!(Name::parse("I"), Name::CallId);
        assert_eq!(Name::parse("X-Via"), Name::Other);
        assert_eq!(Name::parse(""), Name::Other);
    }
}
