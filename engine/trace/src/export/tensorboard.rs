//! TensorBoard event files: every metric of every commit as a scalar by round, one folder an arm.
//!
//! Written by hand: a record is a length, a masked CRC-32C of it, a protobuf message and a masked CRC of that, and the two
//! messages needed have six fields between them. The time of every event is its round in seconds, because no clock reaches
//! an export.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use coevo_core::episode::Stage;

use super::io;
use crate::error::Result;
use crate::folder::RunFile;
use crate::record::stage_name;

/// Writes `OUT/ARM/events.out.tfevents.0000000000.coevo` for every arm that has metrics or evaluations. Returns how many
/// scalars were written.
///
/// # Errors
/// Where the run cannot be read or a file not be written.
pub fn export_tensorboard(run: &RunFile, folder: &Path) -> Result<u64> {
    let metrics = run.metrics()?;
    let evaluations = run.evaluations()?;
    let mut count = 0;
    for arm in run.arms()? {
        let of_arm = metrics.iter().filter(|(key, _)| key.arm == arm);
        let mut scalars: Vec<(u32, String, f64)> = of_arm
            .flat_map(|(key, values)| values.iter().map(|(name, value)| (key.round, name.clone(), *value)))
            .collect();
        for (key, evaluation) in evaluations.iter().filter(|(key, _)| key.arm == arm) {
            scalars.extend(rates(evaluation.stage, &evaluation.summary).map(|(name, rate)| (key.round, name, rate)));
        }
        if scalars.is_empty() {
            continue;
        }
        scalars.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let place = folder.join(&arm);
        fs::create_dir_all(&place).map_err(io(&place))?;
        let path = place.join("events.out.tfevents.0000000000.coevo");
        let mut file = BufWriter::new(File::create(&path).map_err(io(&path))?);
        let mut write = |message: &[u8]| record(&mut file, message).map_err(io(&path));
        write(&version())?;
        for (round, name, value) in &scalars {
            write(&scalar(*round, name, *value as f32))?;
            count += 1;
        }
        file.flush().map_err(io(&path))?;
    }
    Ok(count)
}

/// Success of all and of each category, label shares: what a summary counts.
fn rates(stage: Stage, summary: &serde_json::Value) -> impl Iterator<Item = (String, f64)> {
    let stage = stage_name(stage);
    let share = |count: &serde_json::Value| {
        let number = |name| count.get(name).and_then(serde_json::Value::as_f64);
        number("scored").filter(|scored| *scored > 0.0).and_then(|scored| Some(number("passed")? / scored))
    };
    let mut found = Vec::new();
    found.extend(summary.get("all").and_then(share).map(|rate| (format!("{stage}/success_all"), rate)));
    for (name, count) in summary.get("categories").and_then(|c| c.as_object()).into_iter().flatten() {
        found.extend(share(count).map(|rate| (format!("{stage}/success/{name}"), rate)));
    }
    let labels = summary.get("labels").and_then(|labels| labels.as_object());
    let turns: f64 = labels.into_iter().flat_map(|labels| labels.values()).filter_map(|count| count.as_f64()).sum();
    for (label, count) in labels.into_iter().flatten() {
        found.extend(count.as_f64().map(|count| (format!("{stage}/labels/{label}"), count / turns.max(1.0))));
    }
    found.into_iter()
}

/// One record of the file.
fn record(out: &mut impl Write, message: &[u8]) -> std::io::Result<()> {
    let length = (message.len() as u64).to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&masked_crc(&length).to_le_bytes())?;
    out.write_all(message)?;
    out.write_all(&masked_crc(message).to_le_bytes())
}

/// `Event { wall_time: 0, file_version }`.
fn version() -> Vec<u8> {
    let mut event = Vec::new();
    double(&mut event, 1, 0.0);
    bytes(&mut event, 3, b"brain.Event:2");
    event
}

/// `Event { wall_time, step, summary: { value: [{ tag, simple_value }] } }`.
fn scalar(round: u32, tag: &str, number: f32) -> Vec<u8> {
    let mut value = Vec::new();
    bytes(&mut value, 1, tag.as_bytes());
    key(&mut value, 2, 5);
    value.extend_from_slice(&number.to_le_bytes());
    let mut summary = Vec::new();
    bytes(&mut summary, 1, &value);
    let mut event = Vec::new();
    double(&mut event, 1, f64::from(round));
    key(&mut event, 2, 0);
    varint(&mut event, u64::from(round));
    bytes(&mut event, 5, &summary);
    event
}

fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn double(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// CRC-32C (Castagnoli), masked as TFRecord files have it.
fn masked_crc(bytes: &[u8]) -> u32 {
    let crc = !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    });
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // The check value of CRC-32C, masked.
        let expected = 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_crc(b"123456789"), expected);
    }

    #[test]
    fn a_scalar_is_the_message_that_tensorboard_reads() {
        let expected = [
            9, 0, 0, 0, 0, 0, 0, 8, 64, // wall_time 3.0
            16, 3, // step 3
            42, 10, 10, 8, 10, 1, b'x', 21, 0, 0, 0, 63, // summary: value: tag x, simple_value 0.5
        ];
        assert_eq!(scalar(3, "x", 0.5), expected);
    }
}
