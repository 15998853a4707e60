//! Reads files out of a zip archive (a Python wheel is one): stored or deflated entries of an unencrypted archive.
//!
//! Chosen over a zip crate because reading by the central directory is this short, and only the decompressor is a
//! dependency. Everything in the archive is untrusted: sizes are bounded, and a place outside of it is an error.

use std::collections::BTreeMap;
use std::ops::Range;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// The largest file that is taken out of an archive, in bytes.
const LARGEST: usize = 64 << 20;

/// An archive in memory.
pub(super) struct Archive {
    bytes: Vec<u8>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    deflated: bool,
    /// Length as stored.
    stored: usize,
    /// Length of the file itself.
    length: usize,
    /// Where the local header begins.
    header: usize,
    crc: u32,
}

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let field: [u8; N] = bytes.get(at..at.checked_add(N)?)?.try_into().ok()?;
    Some(field.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

impl Archive {
    /// Reads the table of contents. `None` where the bytes are no (plain) zip archive.
    pub fn open(bytes: Vec<u8>) -> Option<Self> {
        // The end record is the last thing, but for a comment of at most 64 KiB.
        let from = bytes.len().saturating_sub(22 + 0xFFFF);
        let end = from + bytes[from..].windows(END.len()).rposition(|window| window == END)?;
        bytes.get(end..end + 22)?;
        let count = number::<2>(&bytes, end + 10)?;
        let mut at = number::<4>(&bytes, end + 16)?;
        let mut entries = BTreeMap::new();
        for _ in 0..count {
            if bytes.get(at..at.checked_add(4)?)? != CENTRAL {
                return None;
            }
            let flags = number::<2>(&bytes, at + 8)?;
            let method = number::<2>(&bytes, at + 10)?;
            let lengths = [28, 30, 32].map(|field| number::<2>(&bytes, at + field));
            let [Some(name), Some(extra), Some(comment)] = lengths else { return None };
            let text = std::str::from_utf8(bytes.get(at + 46..at + 46 + name)?).ok()?;
            let entry = Entry {
                deflated: method == 8,
                stored: number::<4>(&bytes, at + 20)?,
                length: number::<4>(&bytes, at + 24)?,
                header: number::<4>(&bytes, at + 42)?,
                crc: number::<4>(&bytes, at + 16)? as u32,
            };
            if flags & 1 == 0 && matches!(method, 0 | 8) {
                entries.insert(text.to_owned(), entry);
            }
            at += 46 + name + extra + comment;
        }
        Some(Self { bytes, entries })
    }

    /// The only file whose path ends so.
    pub fn ending(&self, tail: &str) -> Option<&str> {
        let mut found = self.entries.keys().filter(|name| name.ends_with(tail));
        found.next().filter(|_| found.next().is_none()).map(String::as_str)
    }

    /// A file's text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn text(&self, name: &str) -> Result<String, String> {
        let entry = self.entries.get(name).ok_or("is not in the archive")?;
        let data = self.place(entry).and_then(|place| self.bytes.get(place)).ok_or("lies outside of the archive")?;
        if entry.length > LARGEST {
            return Err(format!("has {} bytes, more than the {LARGEST} that are read", entry.length));
        }
        let bytes = match entry.deflated {
            true => inflated(data, entry.length).ok_or("is damaged: it does not decompress")?,
            false => data.to_vec(),
        };
        if crc32(&bytes) != entry.crc {
            return Err("is damaged: its checksum is another".to_owned());
        }
        String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
    }

    fn place(&self, entry: &Entry) -> Option<Range<usize>> {
        let header = self.bytes.get(entry.header..)?;
        if !header.starts_with(LOCAL) {
            return None;
        }
        let start = entry.header + 30 + number::<2>(header, 26)? + number::<2>(header, 28)?;
        Some(start..start.checked_add(entry.stored)?)
    }
}

/// Decompresses to exactly `length` bytes.
fn inflated(data: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, _, written) = decompress(&mut DecompressorOxide::new(), data, &mut bytes, 0, flags);
    (status == TINFLStatus::Done && written == length).then_some(bytes)
}

/// The checksum of zip files (CRC-32, reflected polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored file `a` holding "hi", as the zip format writes it.
    fn small() -> Vec<u8> {
        let crc = 0xD893_2AACu32.to_le_bytes();
        let mut zip = Vec::new();
        zip.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        zip.extend_from_slice(&crc);
        zip.extend_from_slice(b"\x02\0\0\0\x02\0\0\0\x01\0\0\0ahi");
        let central = zip.len() as u32;
        zip.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        zip.extend_from_slice(&crc);
        zip.extend_from_slice(b"\x02\0\0\0\x02\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
        let size = zip.len() as u32 - central;
        zip.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        zip.extend_from_slice(&size.to_le_bytes());
        zip.extend_from_slice(&central.to_le_bytes());
        zip.extend_from_slice(b"\0\0");
        zip
    }

    #[test]
    fn a_stored_file_is_read_and_damage_is_seen() {
        let archive = Archive::open(small()).unwrap();
        assert_eq!(archive.ending("a"), Some("a"));
        assert_eq!(archive.text("a").as_deref(), Ok("hi"));
        assert!(archive.text("b").unwrap_err().contains("not in the archive"));
        let mut damaged = small();
        damaged[31] = b'o';
        assert!(Archive::open(damaged).unwrap().text("a").unwrap_err().contains("checksum"));
        let whole = small();
        for length in 0..whole.len() {
            let cut = Archive::open(whole[..length].to_vec());
            assert!(cut.is_none_or(|archive| archive.text("a").is_err()), "{length}");
        }
    }
}
