//! The golden transcripts are those of this source. `UPDATE_GOLDEN=1 cargo test --test golden` rewrites them after a
//! change that is meant to alter tasks or results; then the version in `tools::describe` changes too.

use travel::Travel;

const TASKS: [(&str, u32, u64); 12] = [
    ("train", 0, 0),
    ("train", 1, 0),
    ("train", 2, 0),
    ("train", 3, 0),
    ("train", 4, 0),
    ("train", 28, 0),
    ("dev", 8, 1),
    ("dev", 13, 1),
    ("dev", 99, 7),
    ("test", 42, 3),
    ("test", 255, 3),
    ("test", 399, u64::MAX),
];

#[test]
fn golden_transcripts_are_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden.jsonl");
    let current = coevo_sdk::golden::write::<Travel>(&TASKS).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    for (at, (kept, current)) in kept.lines().zip(current.lines()).enumerate() {
        assert_eq!(kept, current, "line {}", at + 1);
    }
    assert_eq!(kept.lines().count(), current.lines().count());
}
