//! The master key, and the keys that are derived of it (§4.3).

use std::fmt;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Aes256Enc, Block};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::Zeroize;

use super::SrtpError;

pub(super) const SALT: usize = 14;
const LONGEST_KEY: usize = 32;
/// §4.2.1: the key of HMAC-SHA1.
const AUTH_KEY: usize = 20;
/// How many blocks of key stream are made at a time: as many as the processor's AES works on side by side.
const AT_ONCE: usize = 8;
const BLOCK: usize = 16;

/// How packets are encrypted and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568 §6.2.1).
    Aes128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32` (RFC 4568 §6.2.2): the short tag is for RTP alone.
    Aes128Sha1_32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    Aes256Sha1_80,
    /// `AES_256_CM_HMAC_SHA1_32` (RFC 6188).
    Aes256Sha1_32,
}

impl Suite {
    /// Bytes of the master key.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128Sha1_80 | Self::Aes128Sha1_32 => 16,
            Self::Aes256Sha1_80 | Self::Aes256Sha1_32 => 32,
        }
    }

    /// Bytes of the tag behind an RTP packet.
    #[must_use]
    pub const fn tag_length(self) -> usize {
        match self {
            Self::Aes128Sha1_80 | Self::Aes256Sha1_80 => 10,
            Self::Aes128Sha1_32 | Self::Aes256Sha1_32 => 4,
        }
    }
}

/// A master key with its salt, as signalling agreed on it. Wiped when dropped.
#[derive(Clone)]
pub struct MasterKey {
    suite: Suite,
    key: [u8; LONGEST_KEY],
    salt: [u8; SALT],
}

impl MasterKey {
    /// Of a key of [`Suite::key_length`] bytes and a salt of 14.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] for any other length.
    pub fn new(suite: Suite, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let mut master = Self { suite, key: [0; LONGEST_KEY], salt: [0; SALT] };
        let place = master.key.get_mut(..suite.key_length()).filter(|place| place.len() == key.len());
        place.ok_or(SrtpError::KeyLength)?.copy_from_slice(key);
        master.salt = salt.try_into().map_err(|_| SrtpError::KeyLength)?;
        Ok(master)
    }

    /// The suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.salt.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:?}, secret)", self.suite)
    }
}

/// AES with either key, forwards alone, as counter mode needs it; the crate wipes its round keys when dropped.
enum Cipher {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
}

impl Cipher {
    fn new(suite: Suite, key: &[u8; LONGEST_KEY]) -> Self {
        match suite {
            Suite::Aes128Sha1_80 | Suite::Aes128Sha1_32 => {
                let mut half = [0; 16];
                half.copy_from_slice(key.first_chunk::<16>().unwrap_or(&[0; 16]));
                let cipher = Aes128Enc::new(&half.into());
                half.zeroize();
                Self::Aes128(cipher)
            }
            Suite::Aes256Sha1_80 | Suite::Aes256Sha1_32 => Self::Aes256(Aes256Enc::new(key.into())),
        }
    }

    fn encrypt(&self, blocks: &mut [Block]) {
        match self {
            Self::Aes128(cipher) => cipher.encrypt_blocks(blocks),
            Self::Aes256(cipher) => cipher.encrypt_blocks(blocks),
        }
    }

    /// §4.1.1: the key stream of this vector, from its first block on, over the bytes.
    fn apply(&self, vector: [u8; SALT], bytes: &mut [u8]) {
        let mut counter: u16 = 0;
        for chunk in bytes.chunks_mut(AT_ONCE * BLOCK) {
            let mut stream = [Block::default(); AT_ONCE];
            let wanted = chunk.len().div_ceil(BLOCK);
            let stream = stream.get_mut(..wanted).unwrap_or_default();
            for block in stream.iter_mut() {
                let [high, low] = counter.to_be_bytes();
                let (start, end) = block.split_at_mut(SALT);
                start.copy_from_slice(&vector);
                end.copy_from_slice(&[high, low]);
                counter = counter.wrapping_add(1);
            }
            self.encrypt(stream);
            for (byte, key) in chunk.iter_mut().zip(stream.iter().flatten()) {
                *byte ^= key;
            }
        }
    }
}

/// §4.3.2: which key is derived. The numbers are those of the RFC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    cipher: u8,
    auth: u8,
    salt: u8,
}

pub(super) const RTP: Labels = Labels { cipher: 0, auth: 1, salt: 2 };
pub(super) const RTCP: Labels = Labels { cipher: 3, auth: 4, salt: 5 };

/// What one direction of RTP or of RTCP is protected with.
pub(super) struct Keys {
    cipher: Cipher,
    mac: Hmac<Sha1>,
    salt: [u8; SALT],
}

impl Keys {
    pub(super) fn derive(master: &MasterKey, labels: Labels) -> Self {
        let derivation = Cipher::new(master.suite, &master.key);
        // §4.3.1: with a derivation rate of zero the vector is the salt, and the label seven bytes from its end.
        let derive = |label: u8, key: &mut [u8]| {
            let mut vector = master.salt;
            vector[SALT - 7] ^= label;
            derivation.apply(vector, key);
        };
        let (mut key, mut auth, mut salt) = ([0; LONGEST_KEY], [0; AUTH_KEY], [0; SALT]);
        derive(labels.cipher, key.get_mut(..master.suite.key_length()).unwrap_or_default());
        derive(labels.auth, &mut auth);
        derive(labels.salt, &mut salt);
        let cipher = Cipher::new(master.suite, &key);
        let mut block = [0; 64];
        block[..AUTH_KEY].copy_from_slice(&auth);
        // HMAC fills a short key with zeros.
        let mac = <Hmac<Sha1> as KeyInit>::new(&block.into());
        key.zeroize();
        auth.zeroize();
        block.zeroize();
        Self { cipher, mac, salt }
    }

    /// §4.1.1: encrypts or decrypts the bytes of the packet with this SSRC and index.
    pub(super) fn apply(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        let mut vector = self.salt;
        let mixed = ssrc.to_be_bytes().into_iter().chain(index.to_be_bytes().into_iter().skip(2));
        for (byte, other) in vector.iter_mut().skip(4).zip(mixed) {
            *byte ^= other;
        }
        self.cipher.apply(vector, bytes);
    }

    /// §4.2: the full tag over these parts in a row.
    pub(super) fn tag(&self, parts: [&[u8]; 2]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Whether a tag, cut short, is that of these parts: in a time that does not depend on where it differs.
    pub(super) fn is_authentic(&self, parts: [&[u8]; 2], tag: &[u8]) -> bool {
        let mut mac = self.mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_truncated_left(tag).is_ok()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.salt.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn keys(suite: Suite, key: &str, salt: &str) -> Keys {
        let mut bytes = [0; LONGEST_KEY];
        bytes[..suite.key_length()].copy_from_slice(&hex(key));
        Keys {
            cipher: Cipher::new(suite, &bytes),
            mac: <Hmac<Sha1> as KeyInit>::new(&[0; 64].into()),
            salt: hex(salt).try_into().expect("14 bytes"),
        }
    }

    #[test]
    fn the_key_stream_is_that_of_appendix_b_2() {
        let keys = keys(Suite::Aes128Sha1_80, "2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        let mut stream = vec![0; 0xff02 * BLOCK];
        keys.apply(0, 0, &mut stream);
        for (block, wanted) in [
            (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
            (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
            (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
            (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
            (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
            (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
        ] {
            assert_eq!(stream[block * BLOCK..(block + 1) * BLOCK], hex(wanted), "block {block:x}");
        }
    }

    /// RFC 6188 §7.1.
    #[test]
    fn the_key_stream_of_256_bits_is_that_of_its_rfc() {
        let keys = keys(
            Suite::Aes256Sha1_80,
            "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
            "f0f1f2f3f4f5f6f7f8f9fafbfcfd",
        );
        let mut stream = [0; 32];
        keys.apply(0, 0, &mut stream);
        assert_eq!(stream[..16], hex("92bdd28a93c3f52511c677d08b5515a4"));
        assert_eq!(stream[16..], hex("9da71b2378a854f67050756ded165bac"));
    }

    fn derived(suite: Suite, master: &str, salt: &str) -> [Vec<u8>; 3] {
        let master = MasterKey::new(suite, &hex(master), &hex(salt)).expect("a key");
        let derivation = Cipher::new(suite, &master.key);
        let lengths = [(0, suite.key_length()), (1, AUTH_KEY), (2, SALT)];
        lengths.map(|(label, length)| {
            let mut vector = master.salt;
            vector[7] ^= label;
            let mut key = vec![0; length];
            derivation.apply(vector, &mut key);
            key
        })
    }

    #[test]
    fn keys_are_derived_as_in_appendix_b_3_and_rfc_6188() {
        let [cipher, auth, salt] =
            derived(Suite::Aes128Sha1_80, "E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6");
        assert_eq!(cipher, hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(salt, hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(auth, hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
        let [cipher, auth, salt] = derived(
            Suite::Aes256Sha1_80,
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
            "3b04803de51ee7c96423ab5b78d2",
        );
        assert_eq!(cipher, hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"));
        assert_eq!(salt, hex("fa31791685ca444a9e07c6c64e93"));
        assert_eq!(auth, hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
    }

    #[test]
    fn a_key_of_another_length_is_refused_and_none_is_shown() {
        let key = |suite, key: usize, salt: usize| MasterKey::new(suite, &vec![0xab; key], &vec![0xcd; salt]);
        assert!(key(Suite::Aes128Sha1_32, 16, 14).is_ok() && key(Suite::Aes256Sha1_32, 32, 14).is_ok());
        for (long, salt) in [(15, 14), (32, 14), (0, 14), (16, 13), (16, 15)] {
            assert_eq!(key(Suite::Aes128Sha1_80, long, salt).err(), Some(SrtpError::KeyLength));
        }
        let shown = format!("{:?}", key(Suite::Aes128Sha1_80, 16, 14));
        assert!(shown.contains("secret") && !shown.contains("171") && !shown.contains("ab"), "{shown}");
    }
}
