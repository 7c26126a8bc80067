//! The body of a NOTIFY: a message summary (RFC 3842 §5.2).

use std::fmt;

use crate::letter::Escaped;
use crate::mailbox::Waiting;

/// Its type (RFC 3842 §3.5).
pub(super) const KIND: &str = "application/simple-message-summary";

/// What waits in a mailbox, as phones read it.
pub(super) fn summary(mailbox: &str, domain: impl fmt::Display, waiting: Waiting) -> String {
    let Waiting { new, saved, urgent_new, urgent_saved } = waiting;
    let lit = if new > 0 { "yes" } else { "no" };
    format!(
        "Messages-Waiting: {lit}\r\nMessage-Account: sip:{}@{domain}\r\n\
         Voice-Message: {new}/{saved} ({urgent_new}/{urgent_saved})\r\n",
        Escaped(mailbox)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_reads_as_in_the_rfc() {
        let waiting = Waiting { new: 2, saved: 8, urgent_new: 0, urgent_saved: 2 };
        assert_eq!(
            summary("1001", "example.com", waiting),
            "Messages-Waiting: yes\r\nMessage-Account: sip:1001@example.com\r\nVoice-Message: 2/8 (0/2)\r\n"
        );
        assert!(
            summary("a", "x", Waiting { saved: 3, ..Waiting::default() }).starts_with("Messages-Waiting: no\r\n"),
            "what was heard lights no lamp"
        );
    }
}
