//! Prints tasks as transcripts: `cargo run -p memory --example show_memory -- SPLIT FIRST COUNT SEED`.

fn main() -> Result<(), String> {
    coevo_sdk::golden::show_main::<memory::Memory>()
}
