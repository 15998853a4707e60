//! A component that is checked in must be the one its sources make: a stale stamp fails here.

use std::path::{Path, PathBuf};

use coevo_envs::build::stamp;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn stamps_are_fresh() {
    let own = ["hostile", "faulty", "late"].map(|name| root().join("envs/tests/guests").join(name));
    let mut guests: Vec<(PathBuf, PathBuf)> = own
        .into_iter()
        .map(|folder| (folder.clone(), folder.join(folder.file_name().unwrap()).with_extension("stamp")))
        .collect();
    for (name, _) in coevo_envs::SHIPPED {
        guests.push((root().join("plugins").join(name), root().join(format!("plugins/components/{name}.stamp"))));
    }
    for (folder, file) in guests {
        let recorded = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let now = stamp(&folder).unwrap();
        assert_eq!(recorded.trim(), now, "{} is stale\nhint: `coevo env build {}`", file.display(), folder.display());
    }
}
