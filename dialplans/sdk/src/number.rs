//! How a number outside is called.

use crate::EarlyMedia;
use crate::bindings::strowger::dialplan::numbers;

/// How a number outside is called; by the tenant's routes, with the user's number shown, unless something else is said.
#[derive(Debug, Clone, Default)]
pub struct Way {
    trunks: Vec<String>,
    without: Vec<String>,
    shown: Option<String>,
    private: bool,
    early: Option<EarlyMedia>,
}

impl Way {
    /// Only by this trunk, or by those named before it first.
    #[must_use]
    pub fn by(mut self, trunk: &str) -> Self {
        self.trunks.push(trunk.to_owned());
        self
    }

    /// Not by this trunk.
    #[must_use]
    pub fn without(mut self, trunk: &str) -> Self {
        self.without.push(trunk.to_owned());
        self
    }

    /// This number is shown: one that the tenant owns.
    #[must_use]
    pub fn showing(mut self, number: &str) -> Self {
        self.shown = Some(number.to_owned());
        self
    }

    /// No number is shown.
    #[must_use]
    pub fn privately(mut self) -> Self {
        self.private = true;
        self
    }

    /// What the caller hears before the answer.
    #[must_use]
    pub fn hearing(mut self, early: EarlyMedia) -> Self {
        self.early = Some(early);
        self
    }
}

impl From<Way> for numbers::Way {
    fn from(way: Way) -> Self {
        let Way { trunks, without, shown, private, early } = way;
        Self { trunks, without, shown, private, early }
    }
}
