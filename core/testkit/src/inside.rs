//! What a story asks of phones beside calls: that what is said before the answer is acknowledged (RFC 3262), UPDATE (RFC
//! 3311), session timers (RFC 4028) and fax (T.38).

use crate::handles::Phone;
use crate::phone::Manners;

impl Phone {
    fn manners(self, change: impl FnOnce(&mut Manners)) -> Self {
        self.world.with_phone(self.at, |phone, _| change(&mut phone.manners));
        self
    }

    /// Its provisional answers are to be acknowledged, and what they describe is for good (RFC 3262).
    #[must_use]
    pub fn that_answers_reliably(self) -> Self {
        self.manners(|manners| manners.reliable = true)
    }

    /// It answers every PRACK with this status; not at all when 0.
    #[must_use]
    pub fn that_answers_prack(self, status: u16) -> Self {
        self.manners(|manners| manners.pracked = Some(status))
    }

    /// Its INVITEs insist on provisional answers that are acknowledged, and it acknowledges them.
    #[must_use]
    pub fn that_requires_100rel(self) -> Self {
        self.manners(|manners| manners.pracks = true).that_also_sends("Require", "100rel")
    }

    /// Its INVITEs say that provisional answers may be acknowledged, and it acknowledges them.
    #[must_use]
    pub fn that_supports_100rel(self) -> Self {
        self.manners(|manners| manners.pracks = true).that_also_sends("Supported", "100rel")
    }

    /// It acknowledges no provisional answer, whatever it said.
    #[must_use]
    pub fn that_never_acknowledges_progress(self) -> Self {
        self.manners(|manners| manners.pracks = false)
    }

    /// From now on it acknowledges provisional answers.
    #[must_use]
    pub fn that_acknowledges_progress(self) -> Self {
        self.manners(|manners| manners.pracks = true)
    }

    /// Its INVITEs carry one more row than those that they carry already.
    #[must_use]
    pub fn that_also_sends(self, name: &'static str, value: &str) -> Self {
        self.world.with_phone(self.at, |phone, _| phone.invite_extra.push((name, value.to_owned())));
        self
    }

    /// Its 2xx carry one more row.
    #[must_use]
    pub fn that_answers_with(self, name: &'static str, value: &str) -> Self {
        self.manners(|manners| manners.answers.push((name, value.to_owned())))
    }

    /// Its 2xx carry no other rows than these any more.
    pub fn answers_from_now_on_with(&self, rows: &[(&'static str, &str)]) {
        let rows = rows.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.world.with_phone(self.at, |phone, _| phone.manners.answers = rows);
    }

    /// It takes no shorter session than of so many seconds (RFC 4028).
    #[must_use]
    pub fn that_takes_sessions_from(self, seconds: u32) -> Self {
        self.manners(|manners| manners.least = Some(seconds))
    }

    /// From now on it answers INVITE and UPDATE inside its calls with this status; not at all when 0, and as usual when `None`.
    pub fn answers_inside_with(&self, status: Option<u16>) {
        self.world.with_phone(self.at, |phone, _| phone.manners.inside = status);
    }

    /// It takes fax (T.38), or says this to it.
    #[must_use]
    pub fn that_answers_fax(self, status: u16) -> Self {
        self.manners(|manners| manners.fax = Some(status))
    }

    /// It calls to send a fax, and offers nothing else.
    #[must_use]
    pub fn that_calls_to_fax(self) -> Self {
        self.manners(|manners| manners.faxes = true)
    }

    /// Offers fax in its last call in place of the sound, which keeps its line with port 0 where it is `silent`.
    pub fn offers_fax(&self, silent: bool) {
        self.world.with_phone(self.at, |phone, now| phone.offer_fax(now, phone.lines.len().saturating_sub(1), silent));
    }

    /// Says again in its last call what it said there last.
    pub fn offers_again(&self) {
        self.world.with_phone(self.at, |phone, now| phone.offer_again(now, phone.lines.len().saturating_sub(1)));
    }

    /// Sends an UPDATE in its last call, with an offer of this direction where there is one.
    pub fn updates(&self, direction: Option<&str>) {
        self.world.with_phone(self.at, |phone, now| {
            phone.update(now, phone.lines.len().saturating_sub(1), direction);
        });
    }

    /// How its last UPDATE came out.
    #[must_use]
    pub fn updated(&self) -> Option<u16> {
        self.world.with_phone(self.at, |phone, _| phone.lines.last().and_then(|line| line.updated))
    }

    /// Says a provisional answer to its last call that is to be acknowledged, once, under this tag and number.
    pub fn says_reliably(&self, status: u16, tag: &str, rseq: u32, described: bool) {
        self.world.with_phone(self.at, |phone, _| phone.say_reliably(status, tag, rseq, described));
        self.world.run_for(crate::world::millis(100));
    }

    /// Answers its last call under this tag, with a description or without.
    pub fn answers_as(&self, tag: &str, described: bool) {
        self.world.with_phone(self.at, |phone, now| phone.answer_as(now, tag, described));
        self.world.run_for(crate::world::millis(100));
    }

    /// All requests of a method that it was sent, each once, and every answer to that of its own.
    #[must_use]
    pub fn told_of(&self, method: &str) -> Vec<String> {
        self.world.with_phone(self.at, |phone, _| {
            let mut told: Vec<String> = Vec::new();
            for bytes in &phone.told {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let of = text.starts_with(&format!("{method} "))
                    || (text.starts_with("SIP/2.0 ")
                        && text.lines().any(|line| line.starts_with("CSeq:") && line.ends_with(method)));
                if of && !told.contains(&text) {
                    told.push(text);
                }
            }
            told
        })
    }

    /// What the other sends as fax on its last call would come to this one's.
    #[must_use]
    pub fn is_faxed_by(&self, other: &Phone) -> bool {
        self.hears(other) && self.world.takes_fax(self) && self.world.takes_fax(other)
    }
}
