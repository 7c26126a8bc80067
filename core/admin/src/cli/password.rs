//! Passwords: read from the input or made here, and shown to no other process.

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Where a new password comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Source {
    /// Read the password from the first line of the input instead of making one
    #[arg(long)]
    pub password_stdin: bool,
    /// The password itself; others on this machine can see it in the list of processes
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    pub password: Option<String>,
}

/// A new password.
pub(crate) struct Chosen {
    pub(crate) text: String,
    /// Made here: it must be shown, once.
    pub(crate) made: bool,
}

impl Source {
    pub(crate) fn choose(&self, console: &mut Console) -> Result<Chosen, Failure> {
        if let Some(text) = &self.password {
            return Ok(Chosen { text: text.clone(), made: false });
        }
        if self.password_stdin {
            return Ok(Chosen { text: read(console)?, made: false });
        }
        Ok(Chosen { text: make()?, made: true })
    }
}

/// The first line of the input.
pub(crate) fn read(console: &mut Console) -> Result<String, Failure> {
    let mut line = String::new();
    console.input.read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() {
        return Err(Failure::Argument { name: "password", why: "the input had none".to_owned() });
    }
    Ok(text)
}

/// 56 characters that nobody mistakes for another when typing them into a phone.
const ALPHABET: &[u8; 56] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 16 of 56 are 92 bits.
const LENGTH: usize = 16;

fn make() -> Result<String, Failure> {
    let mut text = String::with_capacity(LENGTH);
    let mut bytes = [0; 2 * LENGTH];
    while text.len() < LENGTH {
        getrandom::fill(&mut bytes).map_err(Failure::Random)?;
        // 224 = 4 × 56: what lies above would make some characters likelier than others.
        let fair = bytes.iter().filter(|byte| **byte < 224).filter_map(|byte| ALPHABET.get(usize::from(byte % 56)));
        text.extend(fair.map(|byte| char::from(*byte)).take(LENGTH - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_password_is_long_plain_and_never_the_same() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_eq!(one.len(), LENGTH);
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(one, other);
    }
}
