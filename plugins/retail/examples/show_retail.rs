//! Prints tasks as transcripts: `cargo run -p retail --example show_retail -- SPLIT FIRST COUNT SEED`.

fn main() -> Result<(), String> {
    coevo_sdk::golden::show_main::<retail::Retail>()
}
