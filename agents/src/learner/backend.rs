//! Which device trains: wgpu's through burn, or the CPU with our own kernels.

use std::sync::Mutex;

use burn::tensor::{Device, DeviceKind};
use coevo_core::config::Backend;

/// The chosen device.
#[derive(Clone, Debug)]
pub struct Selected {
    /// Where burn's tape runs; `None` on the CPU, which has none.
    pub device: Option<Device>,
    /// One line for the user when the choice needs explaining.
    pub note: Option<String>,
}

impl Selected {
    /// `Cpu` or `Wgpu`, never `Auto`.
    pub fn kind(&self) -> Backend {
        if self.device.is_some() { Backend::Wgpu } else { Backend::Cpu }
    }
}

/// wgpu was asked for by name and is not there.
#[derive(Debug, thiserror::Error)]
#[error("backend wgpu: {0}\nhint: use `--backend cpu`, or `auto` to fall back by itself")]
pub struct BackendError(String);

/// Chooses a device. `Auto` takes a hardware adapter where there is one and the CPU otherwise: a software adapter is
/// slower than the CPU itself. `Wgpu` takes any adapter, software ones too.
///
/// # Errors
/// When wgpu is asked for by name and no adapter works.
pub fn select(backend: Backend) -> Result<Selected, BackendError> {
    let cpu = |note| Selected { device: None, note };
    let wgpu = |device, note| Selected { device: Some(device), note };
    let hardware = [DeviceKind::DiscreteGpu(0), DeviceKind::IntegratedGpu(0), DeviceKind::VirtualGpu(0)];
    match backend {
        Backend::Cpu => Ok(cpu(None)),
        Backend::Auto => Ok(match first_of(&hardware) {
            Ok(device) => wgpu(device, None),
            Err(_) => cpu(Some("no hardware adapter found for wgpu: training on the CPU".to_owned())),
        }),
        Backend::Wgpu => match first_of(&hardware) {
            Ok(device) => Ok(wgpu(device, None)),
            Err(_) => first_of(&[DeviceKind::Cpu, DeviceKind::DefaultDevice])
                .map(|device| wgpu(device, Some("wgpu runs on a software adapter".to_owned())))
                .map_err(BackendError),
        },
    }
}

/// The first kind that works, or the last kind's error. A kind is initialised once per process, as burn demands.
fn first_of(kinds: &[DeviceKind]) -> Result<Device, String> {
    static KNOWN: Mutex<Vec<(DeviceKind, Result<Device, String>)>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().expect("no holder panics");
    let mut last = Err("no adapter kind was tried".to_owned());
    for kind in kinds {
        last = match known.iter().find(|(k, _)| k == kind) {
            Some((_, result)) => result.clone(),
            None => {
                let result = Device::wgpu_options().device_kind(kind.clone()).init().map_err(|error| error.to_string());
                known.push((kind.clone(), result.clone()));
                result
            }
        };
        if last.is_ok() {
            break;
        }
    }
    last
}
