//! Payloads: zstd-compressed bytes with a BLAKE3 checksum of what is stored.
//!
//! Chosen: JSON inside, because a reader of a later version skips what it does not know, and a person can look at it;
//! zstd level 1 makes it smaller than an uncompressed binary form would be. Token traces have a binary form of their own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Result, TraceError};

/// Fast; a higher level saves under a tenth on our texts.
const LEVEL: i32 = 1;
/// No honest payload is larger; a damaged length cannot make us allocate more.
const MAX_BYTES: usize = 1 << 30;

/// Stored bytes and their checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub bytes: Vec<u8>,
    pub hash: String,
}

/// Compresses many payloads with one set of buffers.
pub(crate) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    pub fn new() -> Self {
        Self(zstd::bulk::Compressor::new(LEVEL).expect("zstd has level 1"))
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Payload {
        let mut out = u32::try_from(bytes.len()).expect("payloads stay below 4 GiB").to_le_bytes().to_vec();
        out.extend(self.0.compress(bytes).expect("zstd compresses any bytes into a fresh buffer"));
        let hash = blake3::hash(&out).to_hex().to_string();
        Payload { bytes: out, hash }
    }

    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Payload {
        self.raw(&serde_json::to_vec(value).expect("records serialize to JSON"))
    }
}

/// Checks and decompresses; `what` names the record in errors.
pub(crate) fn unpack(bytes: &[u8], hash: &str, what: impl Fn() -> String) -> Result<Vec<u8>> {
    let damaged = |reason: String| TraceError::Payload { what: what(), reason };
    if blake3::hash(bytes).to_hex().as_str() != hash {
        return Err(damaged("its BLAKE3 checksum differs".into()));
    }
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Err(damaged("it is too short".into())) };
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_BYTES {
        return Err(damaged(format!("it claims {length} bytes")));
    }
    zstd::bulk::decompress(rest, length).map_err(|error| damaged(error.to_string()))
}

pub(crate) fn unpack_json<T: DeserializeOwned>(bytes: &[u8], hash: &str, what: impl Fn() -> String) -> Result<T> {
    let text = unpack(bytes, hash, &what)?;
    serde_json::from_slice(&text).map_err(|error| TraceError::Payload { what: what(), reason: error.to_string() })
}
