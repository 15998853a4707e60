//! The golden transcripts are those of today's sources. `UPDATE_GOLDEN=1 cargo test -p retail` writes them anew.

use coevo_sdk::golden;
use coevo_sdk::story::SPLITS;
use retail::Retail;

#[test]
fn golden_transcripts_are_current() {
    let keys: Vec<(&str, u32, u64)> = SPLITS
        .iter()
        .flat_map(|(split, _)| (0..8).map(move |index| (*split, index, 1 + u64::from(index / 4))))
        .collect();
    golden::check::<Retail>(concat!(env!("CARGO_MANIFEST_DIR"), "/golden.jsonl"), &keys);
}
