//! Files that come from the server: whole under their names, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tonic::Streaming;

use crate::cli::failure::Failure;
use crate::v1::{DownloadAudioResponse, DownloadPromptResponse, DownloadRatesResponse, DownloadRecordingResponse};

/// A piece of a file.
pub(crate) trait Piece {
    /// Its bytes, and in the first piece how many the whole file has.
    fn take(self) -> (Vec<u8>, u64);
}

impl Piece for DownloadRecordingResponse {
    fn take(self) -> (Vec<u8>, u64) {
        (self.data, self.size)
    }
}

impl Piece for DownloadRatesResponse {
    fn take(self) -> (Vec<u8>, u64) {
        (self.data, self.size)
    }
}

impl Piece for DownloadAudioResponse {
    fn take(self) -> (Vec<u8>, u64) {
        (self.data, self.size)
    }
}

impl Piece for DownloadPromptResponse {
    fn take(self) -> (Vec<u8>, u64) {
        (self.data, self.size)
    }
}

/// Saves what comes under this name, once it is whole. A file that is there is replaced by force alone.
pub(crate) async fn save<P: Piece>(
    path: &Path,
    force: bool,
    first: P,
    pieces: &mut Streaming<P>,
) -> Result<u64, Failure> {
    let told = |error| Failure::File { file: path.to_owned(), error };
    match fs::metadata(path) {
        // A device or a pipe takes what comes, and has no name to give.
        Ok(there) if !there.is_file() && !there.is_dir() => {
            let mut file = OpenOptions::new().write(true).open(path).map_err(told)?;
            return write(first, pieces, |bytes| file.write_all(bytes).map_err(told)).await;
        }
        Ok(there) if there.is_dir() => return Err(told(io::ErrorKind::IsADirectory.into())),
        Ok(_) if !force => {
            let why = format!("{} is there already; choose another name, or add --force", path.display());
            return Err(Failure::Argument { name: "output", why });
        }
        _ => {}
    }
    let part = Part::create(path).map_err(told)?;
    let size = write(first, pieces, |bytes| (&part.file).write_all(bytes).map_err(told)).await?;
    part.becomes(path).map_err(told)?;
    Ok(size)
}

/// Writes what comes; gives how much it was. Less than was promised is an error.
pub(crate) async fn write<P: Piece>(
    first: P,
    pieces: &mut Streaming<P>,
    mut put: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let (mut data, size) = first.take();
    let mut came = 0;
    loop {
        came += data.len() as u64;
        put(&data)?;
        let Some(next) = pieces.message().await? else { break };
        (data, _) = next.take();
    }
    if came == size { Ok(size) } else { Err(Failure::Short { came, size }) }
}

/// A file that is not whole yet. It is gone with this, unless it has got its name.
struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    fn create(whole: &Path) -> io::Result<Self> {
        let mut path = whole.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        Ok(Self { file: File::create(&path)?, path })
    }

    fn becomes(self, whole: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, whole)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Under its own name there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}
