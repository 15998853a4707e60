//! Prints tasks as transcripts: `cargo run -p vehicle --example show_vehicle -- SPLIT FIRST COUNT SEED`.

fn main() -> Result<(), String> {
    coevo_sdk::golden::show_main::<vehicle::Vehicle>()
}
