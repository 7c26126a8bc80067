//! Rates of trunks: files that come and go in pieces.

use std::time::Duration;

use store::RateSheet;
use switch::{E164, Trunk};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::desk::{Desk, is_text};
use crate::live::{Change, NotRates, Unready};
use crate::v1;
use crate::v1::import_rates_response::Result as Came;
use crate::v1::{
    DownloadRatesResponse, GetRatesRequest, ImportRatesRequest, ImportRatesResponse, Rate, RateFault, RateFaults, Rates,
};
use crate::violations::{Violations, failed, violation};
use crate::words::timestamp;

/// The largest file.
const LARGEST: usize = 256 << 20;
/// So many files are taken in at once, each in memory; who sends nothing for so long gives up his place.
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(30);
/// A file goes out in pieces of so many bytes; so many of them wait for a slow reader.
const PIECE: usize = 64 << 10;
const STREAM: usize = 4;
/// So many faults are told.
const FAULTS: usize = 1000;
/// So much is said of each, so that a file of nonsense does not come back whole.
const SAID: usize = 300;

static IMPORTS: Semaphore = Semaphore::const_new(AT_ONCE);

impl Desk {
    pub(super) async fn import(
        &self,
        mut pieces: Streaming<ImportRatesRequest>,
    ) -> Result<ImportRatesResponse, Status> {
        let ImportRatesRequest { trunk, file, data, mut last } = piece(&mut pieces).await?.unwrap_or_default();
        let trunk = self.trunk("trunk", &trunk).await?;
        let mut wrong = Violations::default();
        wrong.expect(is_text(&file), "file", "at most 256 bytes, no control characters");
        wrong.finish()?;
        let _place = IMPORTS.try_acquire().map_err(|_| {
            Status::resource_exhausted(format!("{AT_ONCE} files are being imported already; try again in a while"))
        })?;
        let mut csv = data;
        while !last {
            // A client that went away in the middle looks like one that is done.
            let torn = || violation("last", "the file ended without its last piece; nothing was replaced");
            let piece = piece(&mut pieces).await?.ok_or_else(torn)?;
            last = piece.last;
            if csv.len() + piece.data.len() > LARGEST {
                return Err(violation("data", format!("the file has more than {} MiB", LARGEST >> 20)));
            }
            csv.extend(piece.data);
        }
        let came = match self.live.read_rates(csv).await {
            Ok(read) => {
                let rates = self.store.rates();
                let sheet = rates.put(trunk.id, &file, read.count, read.table).await.map_err(failed)?;
                tracing::info!(trunk = trunk.id.0, rates = read.count, "an operator imported rates");
                self.live.changed(Change::Outside).await;
                Came::Imported(spelt(&trunk, sheet))
            }
            Err(NotRates::Unready) => return Err(unready(Unready)),
            Err(NotRates::Faults { first, count }) => {
                Came::Faults(RateFaults { faults: first.into_iter().take(FAULTS).map(fault).collect(), count })
            }
        };
        Ok(ImportRatesResponse { result: Some(came) })
    }

    pub(super) async fn rates(&self, request: GetRatesRequest) -> Result<Rates, Status> {
        let GetRatesRequest { trunk, number } = request;
        let trunk = self.trunk("trunk", &trunk).await?;
        let sheet = self.store.rates().sheet(trunk.id).await.map_err(failed)?;
        let found = if number.is_empty() {
            None
        } else {
            let number: E164 = number.parse().map_err(|why: switch::NoE164| violation("number", why.to_string()))?;
            self.live.rate_of(trunk.id, &number).await.map_err(unready)?
        };
        Ok(Rates { sheet: Some(spelt(&trunk, sheet)), rate: found.map(rate) })
    }

    pub(super) async fn download(
        &self,
        trunk: &str,
    ) -> Result<ReceiverStream<Result<DownloadRatesResponse, Status>>, Status> {
        let trunk = self.trunk("trunk", trunk).await?;
        let (_, table) = self.store.rates().get(trunk.id).await.map_err(failed)?;
        let csv = self.live.write_rates(table).await.map_err(unready)?;
        let csv = csv.ok_or_else(|| Status::data_loss("the rates that are kept cannot be read; import them anew"))?;
        let (sender, stream) = mpsc::channel(STREAM);
        tokio::spawn(send(csv, sender));
        Ok(ReceiverStream::new(stream))
    }
}

/// The next piece, from somebody who does not keep others waiting.
async fn piece(pieces: &mut Streaming<ImportRatesRequest>) -> Result<Option<ImportRatesRequest>, Status> {
    let late = |_| Status::deadline_exceeded("no further piece of the file came");
    tokio::time::timeout(PATIENCE, pieces.message()).await.map_err(late)?
}

async fn send(csv: Vec<u8>, stream: mpsc::Sender<Result<DownloadRatesResponse, Status>>) {
    let mut size = csv.len() as u64;
    // An empty file comes in one empty piece, so that it is known to be one.
    let pieces = csv.chunks(PIECE).chain(csv.is_empty().then_some([].as_slice()));
    for piece in pieces {
        let answer = DownloadRatesResponse { data: piece.to_vec(), size: std::mem::take(&mut size) };
        if stream.send(Ok(answer)).await.is_err() {
            return;
        }
    }
}

/// What the exchange cannot answer.
pub(super) fn unready(_: Unready) -> Status {
    Status::unavailable("the exchange cannot say: it is not ready for calls outside")
}

fn fault(fault: crate::live::RateFault) -> RateFault {
    let short = |text: String| text.chars().take(SAID).collect();
    RateFault { line: fault.line, column: short(fault.column), why: short(fault.why) }
}

fn spelt(trunk: &Trunk, sheet: RateSheet) -> v1::RateSheet {
    v1::RateSheet {
        trunk: trunk.name.clone(),
        count: sheet.count,
        file: sheet.file,
        imported: Some(timestamp(sheet.imported)),
    }
}

/// A rate in the spelling of the API.
pub(crate) fn rate(rate: switch::Rate) -> Rate {
    Rate {
        prefix: rate.prefix,
        connect: rate.connect.to_string(),
        per_minute: rate.per_minute.to_string(),
        first: rate.first,
        step: rate.step,
    }
}
