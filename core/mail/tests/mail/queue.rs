//! A queue in memory, and a clock that is set by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mail::{Clock, Due, Letter, Queue};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::PATIENCE;

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Sent,
    GivenUp,
    Dropped,
}

/// What asking for a letter brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Composed {
    Letter,
    Nothing,
    Fault,
    Panic,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) letter: Letter,
    pub(crate) due: SystemTime,
    pub(crate) tries: u32,
    pub(crate) state: State,
    pub(crate) fault: String,
    pub(crate) composed: Composed,
}

/// Rows by the letter's number, which the test minted.
type Rows = BTreeMap<i64, Row>;

#[derive(Clone)]
pub(crate) struct Shelf {
    rows: watch::Sender<Rows>,
    /// So many times what is told is not kept.
    pub(crate) deaf: Arc<Mutex<usize>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the shelf is away")]
pub(crate) struct Away;

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { rows: watch::Sender::new(Rows::new()), deaf: Arc::default() }
    }

    pub(crate) fn with(letters: impl IntoIterator<Item = Letter>) -> Self {
        let shelf = Self::new();
        letters.into_iter().for_each(|letter| shelf.put(letter));
        shelf
    }

    pub(crate) fn put(&self, letter: Letter) {
        self.put_as(letter, Composed::Letter);
    }

    pub(crate) fn put_as(&self, letter: Letter, composed: Composed) {
        let (due, fault) = (letter.queued, String::new());
        let row = Row { due, tries: 0, state: State::Waiting, fault, composed, letter };
        self.rows.send_modify(|rows| drop(rows.insert(row.letter.id, row)));
    }

    pub(crate) fn change(&self, id: i64, change: impl FnOnce(&mut Row)) {
        self.rows.send_modify(|rows| change(rows.get_mut(&id).expect("a row")));
    }

    pub(crate) fn row(&self, id: i64) -> Row {
        self.rows.borrow()[&id].clone()
    }

    /// Waits until a letter is so.
    pub(crate) async fn until(&self, id: i64, so: impl Fn(&Row) -> bool) -> Row {
        let mut rows = self.rows.subscribe();
        let found = timeout(PATIENCE, rows.wait_for(|rows| rows.get(&id).is_some_and(&so))).await;
        let found = found.unwrap_or_else(|_| panic!("still: {:?}", self.row(id)));
        found.expect("the shelf")[&id].clone()
    }

    pub(crate) async fn until_sent(&self, id: i64) -> Row {
        self.until(id, |row| row.state == State::Sent).await
    }

    pub(crate) async fn until_given_up(&self, id: i64) -> Row {
        self.until(id, |row| row.state == State::GivenUp).await
    }

    fn told(&self, id: i64, change: impl FnOnce(&mut Row)) -> Result<(), Away> {
        let mut deaf = self.deaf.lock().expect("deaf");
        if *deaf > 0 {
            *deaf -= 1;
            return Err(Away);
        }
        self.change(id, change);
        Ok(())
    }
}

impl Queue for Shelf {
    type Error = Away;
    type About = Row;

    async fn due(&self, now: SystemTime, most: usize) -> Result<Vec<Due<Row>>, Away> {
        let rows = self.rows.borrow();
        let mut due: Vec<&Row> = rows.values().filter(|row| row.state == State::Waiting && row.due <= now).collect();
        due.sort_by_key(|row| (row.due, row.letter.id));
        let short =
            |row: &Row| Due { id: row.letter.id, queued: row.letter.queued, tries: row.tries, about: row.clone() };
        Ok(due.into_iter().take(most).map(short).collect())
    }

    async fn next(&self) -> Result<Option<SystemTime>, Away> {
        Ok(self.rows.borrow().values().filter(|row| row.state == State::Waiting).map(|row| row.due).min())
    }

    async fn compose(&self, due: &Due<Row>) -> Result<Option<Letter>, Away> {
        let row = &due.about;
        match row.composed {
            Composed::Letter => Ok(Some(row.letter.clone())),
            Composed::Nothing => Ok(None),
            Composed::Fault => Err(Away),
            Composed::Panic => panic!("a letter that breaks who composes it; this is part of a test"),
        }
    }

    async fn sent(&self, id: i64) -> Result<(), Away> {
        self.told(id, |row| row.state = State::Sent)
    }

    async fn failed(&self, id: i64, fault: &str, again: Option<SystemTime>) -> Result<(), Away> {
        self.told(id, |row| {
            (row.tries, row.fault) = (row.tries + 1, fault.to_owned());
            match again {
                Some(again) => row.due = again,
                None => row.state = State::GivenUp,
            }
        })
    }

    async fn dropped(&self, id: i64) -> Result<(), Away> {
        self.told(id, |row| row.state = State::Dropped)
    }
}

/// A clock that stands still until it is set.
#[derive(Debug, Clone)]
pub(crate) struct Hands(Arc<Mutex<SystemTime>>);

impl Hands {
    pub(crate) fn at(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn forward(&self, by: Duration) {
        *self.0.lock().expect("hands") += by;
    }
}

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("hands")
    }
}

/// When the letters of these tests were queued, by clocks that are set by hand.
pub(crate) fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_310_205)
}

/// A letter to alice, queued now.
pub(crate) fn letter(id: i64) -> Letter {
    Letter {
        id,
        queued: SystemTime::now(),
        to: vec!["alice@example.com".to_owned()],
        from: None,
        subject: format!("Letter {id}"),
        text: "A message came.\n".to_owned(),
        html: None,
        attachment: None,
    }
}
