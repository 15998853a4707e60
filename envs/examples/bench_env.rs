//! Prints what the sandbox costs with one environment: `cargo run -p coevo-envs --example bench_env -- helpdesk train 0`.

use coevo_core::task::TaskRef;
use coevo_envs::bench::{Effort, measure};
use coevo_envs::{EnvPlugin, EnvSource, Sandbox, SandboxLimits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let source: EnvSource = args.next().unwrap_or_else(|| "helpdesk".to_owned()).parse()?;
    let split = args.next().unwrap_or_else(|| "train".to_owned());
    let index = args.next().map_or(Ok(0), |text| text.parse())?;
    let sandbox = Sandbox::new(SandboxLimits::default())?;
    let plugin = EnvPlugin::load(&sandbox, &source)?;
    let of = TaskRef { env: source.to_string(), split, index, seed: 1 };
    let show = |fault: coevo_core::episode::Fault| format!("{fault:?}");
    let task = plugin.task(&of).map_err(show)?;
    println!(
        "{} ({}): {} bytes of initial state",
        task.public.id,
        task.public.category,
        task.public.initial_state.len()
    );
    for figure in measure(&plugin, &task, Effort::default()).map_err(show)? {
        println!("{:>10.2} µs  p90 {:>10.2}  {:<16} {}", figure.median_us, figure.p90_us, figure.name, figure.what);
    }
    Ok(())
}
