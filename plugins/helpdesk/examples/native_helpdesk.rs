//! Runs reference trajectories natively, for `coevo bench native`.

#[path = "../../sdk/rust/benches/shared/native.rs"]
mod native;

fn main() -> Result<(), String> {
    native::main::<helpdesk::Helpdesk>()
}
