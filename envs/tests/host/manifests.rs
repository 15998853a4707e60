//! Every shipped environment has a manifest that agrees with its component.

use std::path::Path;

use coevo_envs::{EnvPlugin, Manifest, SHIPPED};

use crate::common::sandbox;

#[test]
fn shipped_manifests_agree_with_their_components() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    for (name, bytes) in SHIPPED {
        let plugin = EnvPlugin::from_bytes(sandbox(), name, bytes).unwrap();
        let manifest = Manifest::of_folder(&plugins.join(name)).unwrap();
        let manifest = manifest.unwrap_or_else(|| panic!("plugins/{name}/env.toml is missing"));
        manifest.check(plugin.spec()).unwrap();
        assert!(manifest.licence == "MIT OR Apache-2.0" && manifest.name == *name, "{manifest:?}");
    }
}
