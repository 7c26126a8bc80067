//! The one writer: records in batches, in the order of their coming, tried again until they are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::TransactionTrait;
use switch::Record;
use tokio::sync::mpsc;

use crate::{Error, Store, bindings, cdrs, recordings, subscriptions};

/// How many records one transaction takes.
const BATCH: usize = 500;
/// How long a record waits for company: a transaction costs as much as many records. A record that is reported must be
/// safe within a second.
const GATHER: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The end that records are given to. Never waits: what cannot be written yet is queued.
#[derive(Debug, Clone)]
pub struct Writer {
    records: mpsc::UnboundedSender<Record>,
    /// Records given and not yet kept.
    waiting: Arc<AtomicUsize>,
}

/// The other end; its [`run`](WriterTask::run) is to be spawned.
#[derive(Debug)]
pub struct WriterTask {
    store: Store,
    records: mpsc::UnboundedReceiver<Record>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Both ends.
    #[must_use]
    pub fn new(store: Store) -> (Self, WriterTask) {
        let (sender, records) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        (Self { records: sender, waiting: waiting.clone() }, WriterTask { store, records, waiting })
    }

    /// Keeps a record, soon.
    pub fn write(&self, record: Record) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.records.send(record);
    }

    /// How many records were given and are not kept yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl WriterTask {
    /// Writes until every [`Writer`] is gone and the queue is empty.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.records.recv_many(&mut batch, BATCH).await > 0 {
            if batch.len() < BATCH {
                tokio::time::sleep(GATHER).await;
                while batch.len() < BATCH {
                    let Ok(record) = self.records.try_recv() else { break };
                    batch.push(record);
                }
            }
            let count = batch.len();
            self.keep(std::mem::take(&mut batch)).await;
            self.waiting.fetch_sub(count, Ordering::Relaxed);
        }
    }

    async fn keep(&self, batch: Vec<Record>) {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.try_keep(batch.clone()).await {
                Ok(()) => return,
                // One record that cannot be kept (its tenant is gone) must not hold up the others.
                Err(error) if error.is_refusal() => return self.keep_each(batch).await,
                Err(error) => {
                    tracing::error!(%error, records = batch.len(), "records could not be written; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn keep_each(&self, batch: Vec<Record>) {
        for record in batch {
            let mut pause = Duration::from_millis(100);
            while let Err(error) = self.try_keep(vec![record.clone()]).await {
                if error.is_refusal() {
                    tracing::warn!(%error, "a record of something that is gone was dropped");
                    break;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    async fn try_keep(&self, batch: Vec<Record>) -> Result<(), Error> {
        let transaction = self.store.db.begin().await?;
        let mut calls = Vec::new();
        for record in batch {
            match record {
                Record::Cdr(cdr) => calls.push(*cdr),
                Record::Binding(change) => bindings::apply(&transaction, change).await?,
                Record::Recording(kept) => recordings::apply(&transaction, *kept).await?,
                Record::Subscription(change) => subscriptions::apply(&transaction, change).await?,
            }
        }
        cdrs::insert(&transaction, calls).await?;
        transaction.commit().await?;
        Ok(())
    }
}
