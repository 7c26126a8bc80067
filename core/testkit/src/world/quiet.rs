//! What has to hold when all is over.

use std::collections::BTreeSet;

use switch::Event;

use super::{World, minutes};

impl World {
    /// No call, transaction, timer or port is left, every INVITE had one final response and one CDR, and the auditor
    /// found nothing.
    pub fn assert_quiet(&self) {
        if !self.0.borrow().around.out.trunks.is_empty() {
            // Registrations at carriers are taken back, and nobody is probed any more.
            self.trunks(Vec::new());
        }
        self.run_for(minutes(3));
        self.assert_idle();
        let inner = self.0.borrow();
        assert!(inner.tasks.is_idle(), "seed {}: applications that do not end: {:?}", inner.seed, inner.tasks);
        let arrived = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Arrived(_))).count();
        let ended = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Ended(_))).count();
        assert_eq!(arrived, ended, "seed {}: every call ends\n{}", inner.seed, inner.ladder.join("\n"));
        let told = |which: fn(&Event) -> bool| inner.around.events.iter().filter(|(_, event)| which(event)).count();
        let begun = told(|event| matches!(event, Event::Playing { .. }));
        let over = told(|event| matches!(event, Event::Played { .. }));
        assert_eq!(begun, over, "seed {}: every playing ends once\n{}", inner.seed, inner.ladder.join("\n"));
        let mut gone = BTreeSet::new();
        for (call, event) in &inner.around.events {
            // A command may cross the end on its way, and is answered.
            let late = gone.contains(call) && !matches!(event, Event::Reply(_));
            assert!(!late, "seed {}: {event:?} after the end of its call", inner.seed);
            if matches!(event, Event::Ended(_)) {
                gone.insert(*call);
            }
        }
        assert!(inner.around.cdrs.len() >= arrived, "seed {}: one CDR a call", inner.seed);
        let uids: BTreeSet<_> = inner.around.cdrs.iter().map(|cdr| cdr.uid).collect();
        assert_eq!(uids.len(), inner.around.cdrs.len(), "seed {}: no call has two CDRs", inner.seed);
        let found = inner.auditor.closing();
        assert!(
            found.is_empty(),
            "seed {}: the auditor found:\n{}\n{}",
            inner.seed,
            found.join("\n"),
            inner.ladder.join("\n")
        );
    }

    /// No call, transaction, timer or port is left. Weaker than [`assert_quiet`](Self::assert_quiet): where all was
    /// lost, nobody can be told.
    pub fn assert_idle(&self) {
        let inner = self.0.borrow();
        assert!(
            inner.switch.is_idle(),
            "seed {}: not idle: {:?}\n{}",
            inner.seed,
            inner.switch,
            inner.ladder.join("\n")
        );
        assert!(inner.around.ports.is_empty(), "seed {}: ports left: {:?}", inner.seed, inner.around.ports);
    }

    /// Every call that arrived has ended once and has one CDR, and no INVITE had two different final responses.
    pub fn assert_accounted(&self) {
        let inner = self.0.borrow();
        let arrived = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Arrived(_))).count();
        let ended = inner.around.events.iter().filter(|(_, event)| matches!(event, Event::Ended(_))).count();
        assert_eq!((arrived, inner.around.cdrs.len()), (ended, ended), "seed {}", inner.seed);
        assert!(
            inner.auditor.found.is_empty(),
            "seed {}: {}\n{}",
            inner.seed,
            inner.auditor.found.join("\n"),
            inner.ladder.join("\n")
        );
    }
}
