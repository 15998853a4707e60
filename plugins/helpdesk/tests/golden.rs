//! The golden transcripts are those of today's sources. `UPDATE_GOLDEN=1 cargo test -p helpdesk` writes them anew.

use coevo_sdk::golden;
use helpdesk::Helpdesk;
use helpdesk::tasks::SPLITS;

#[test]
fn golden_transcripts_are_current() {
    let keys: Vec<(&str, u32, u64)> = SPLITS
        .iter()
        .flat_map(|(split, _)| (0..8).map(move |index| (*split, index, 1 + u64::from(index / 4))))
        .collect();
    let text = golden::write::<Helpdesk>(&keys).expect("the tasks generate");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden.jsonl");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).expect("golden.jsonl is writable");
    }
    let kept = std::fs::read_to_string(path).expect("golden.jsonl is there");
    for (now, then) in text.lines().zip(kept.lines()) {
        assert_eq!(now, then, "a transcript changed: if that was meant, raise the version and update");
    }
    assert_eq!(text.lines().count(), kept.lines().count());
}
