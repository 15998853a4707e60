//! Payloads: zstd-compressed bytes with a BLAKE3 checksum of what is stored.
//!
//! ```text
//! u32 little-endian: length before compression; bit 31: compressed with this run's dictionary of that kind
//! zstd frame
//! ```
//!
//! Chosen: JSON inside, because a reader of a later version skips what it does not know, and a person can look at it;
//! zstd makes it smaller than an uncompressed binary form would be. Token traces have a binary form of their own.

use std::cell::RefCell;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Result, TraceError};

/// Fast; a higher level saves under a tenth on our texts.
const LEVEL: i32 = 1;
/// Level where a dictionary does most of the work.
const LEVEL_WITH_DICTIONARY: i32 = 3;
/// No honest payload is larger; a damaged length cannot make us allocate more.
const MAX_BYTES: usize = 1 << 30;
const WITH_DICTIONARY: u32 = 1 << 31;

/// What is compressed alike. Each kind has a dictionary of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An episode's record, as JSON.
    Body,
    /// An episode's tokens.
    Trace,
    /// Anything else; never with a dictionary.
    Other,
}

impl Kind {
    pub const WITH_DICTIONARY: [Kind; 2] = [Kind::Body, Kind::Trace];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Body => "body",
            Kind::Trace => "trace",
            Kind::Other => "other",
        }
    }
}

/// The first half of a BLAKE3 hash: enough to find damage. Format 1 kept the whole of it as hexadecimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checksum([u8; 16]);

impl Checksum {
    pub fn of(bytes: &[u8]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(half)
    }
}

impl ToSql for Checksum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Checksum {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let damaged = |bytes: &[u8]| FromSqlError::InvalidBlobSize { expected_size: 16, blob_size: bytes.len() };
        match value {
            ValueRef::Blob(bytes) => bytes.try_into().map(Self).map_err(|_| damaged(bytes)),
            ValueRef::Text(text) => {
                // What is no hash is no hash of anything: the payload is reported as damaged, the rest is read.
                let hash = blake3::Hash::from_hex(text).unwrap_or(blake3::Hash::from_bytes([0; 32]));
                hash.as_bytes()[..16].try_into().map(Self).map_err(|_| damaged(text))
            }
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// Stored bytes and their checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub bytes: Vec<u8>,
    pub hash: Checksum,
    /// BLAKE3 of the content, whichever way it is compressed.
    pub content: blake3::Hash,
}

/// Compresses many payloads with one set of buffers.
pub(crate) struct Packer {
    plain: Compressor<'static>,
    with_dictionary: Vec<(Kind, Compressor<'static>)>,
}

impl Packer {
    pub fn new() -> Self {
        Self { plain: Compressor::new(LEVEL).expect("zstd has level 1"), with_dictionary: Vec::new() }
    }

    /// Uses dictionaries for the kinds that have one.
    pub fn with(dictionaries: &[(Kind, Vec<u8>)]) -> Self {
        let compressor = |bytes: &[u8]| Compressor::with_dictionary(LEVEL_WITH_DICTIONARY, bytes);
        let with_dictionary = dictionaries
            .iter()
            .map(|(kind, bytes)| (*kind, compressor(bytes).expect("zstd takes any bytes as a dictionary")))
            .collect();
        Self { with_dictionary, ..Self::new() }
    }

    pub fn raw(&mut self, kind: Kind, bytes: &[u8]) -> Payload {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length < WITH_DICTIONARY);
        let length = length.expect("payloads stay below 2 GiB");
        let known = self.with_dictionary.iter_mut().find(|(of, _)| *of == kind);
        let (flag, compressor) = match known {
            Some((_, compressor)) => (WITH_DICTIONARY, compressor),
            None => (0, &mut self.plain),
        };
        let mut out = (length | flag).to_le_bytes().to_vec();
        out.extend(compressor.compress(bytes).expect("zstd compresses any bytes into a fresh buffer"));
        Payload { hash: Checksum::of(&out), bytes: out, content: blake3::hash(bytes) }
    }

    pub fn json<T: Serialize + ?Sized>(&mut self, kind: Kind, value: &T) -> Payload {
        self.raw(kind, &serde_json::to_vec(value).expect("records serialize to JSON"))
    }
}

/// Checks and decompresses payloads, with one set of buffers.
pub(crate) struct Unpacker {
    plain: RefCell<Decompressor<'static>>,
    with_dictionary: Vec<(Kind, RefCell<Decompressor<'static>>)>,
}

impl Unpacker {
    pub fn new() -> Self {
        let plain = RefCell::new(Decompressor::new().expect("zstd decompresses"));
        Self { plain, with_dictionary: Vec::new() }
    }

    /// Knows the dictionary of one more kind.
    pub fn learn(&mut self, kind: Kind, dictionary: &[u8]) {
        let decompressor = Decompressor::with_dictionary(dictionary).expect("zstd takes any bytes as a dictionary");
        self.with_dictionary.push((kind, RefCell::new(decompressor)));
    }

    /// `what` names the record in errors.
    pub fn unpack(&self, kind: Kind, bytes: &[u8], hash: Checksum, what: impl Fn() -> String) -> Result<Vec<u8>> {
        let damaged = |reason: String| TraceError::Payload { what: what(), reason };
        if Checksum::of(bytes) != hash {
            return Err(damaged("its BLAKE3 checksum differs".into()));
        }
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
            return Err(damaged("it is too short".into()));
        };
        let length = u32::from_le_bytes(*length);
        let decompressor = if length & WITH_DICTIONARY == 0 {
            &self.plain
        } else {
            let known = self.with_dictionary.iter().find(|(of, _)| *of == kind);
            &known.ok_or_else(|| damaged(format!("the dictionary `{}` is not in this run", kind.name())))?.1
        };
        let length = (length & !WITH_DICTIONARY) as usize;
        if length > MAX_BYTES {
            return Err(damaged(format!("it claims {length} bytes")));
        }
        decompressor.borrow_mut().decompress(rest, length).map_err(|error| damaged(error.to_string()))
    }

    pub fn json<T: DeserializeOwned>(
        &self,
        kind: Kind,
        bytes: &[u8],
        hash: Checksum,
        what: impl Fn() -> String,
    ) -> Result<T> {
        let text = self.unpack(kind, bytes, hash, &what)?;
        serde_json::from_slice(&text).map_err(|error| TraceError::Payload { what: what(), reason: error.to_string() })
    }
}
