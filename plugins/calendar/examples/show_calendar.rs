//! Prints tasks with their reference solutions: `cargo run -p calendar --example show_calendar -- SPLIT FIRST COUNT SEED`.

use calendar::Calendar;
use coevo_sdk::golden::show;

fn main() -> Result<(), String> {
    let mut given = std::env::args().skip(1);
    let split = given.next().unwrap_or_else(|| "train".into());
    let mut number = |default: u32| given.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count, seed) = (number(0), number(4), number(1));
    for index in first..first + count {
        print!("{}", show::<Calendar>(&split, index, u64::from(seed))?);
    }
    Ok(())
}
