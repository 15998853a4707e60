//! The golden transcripts are those of today's sources. `UPDATE_GOLDEN=1 cargo test -p vehicle` writes them anew.

use coevo_sdk::golden;
use coevo_sdk::story::SPLITS;
use vehicle::Vehicle;

#[test]
fn golden_transcripts_are_current() {
    let keys: Vec<(&str, u32, u64)> = SPLITS
        .iter()
        .flat_map(|(split, _)| (0..8).map(move |index| (*split, index, 1 + u64::from(index / 4))))
        .collect();
    golden::check::<Vehicle>(concat!(env!("CARGO_MANIFEST_DIR"), "/golden.jsonl"), &keys);
}
