//! Random trees: three folders and a few files in each, one folder within another, an empty one, some locked files.

use std::collections::BTreeMap;

use coevo_sdk::Rng;

use crate::state::{Node, State, join};
use crate::words::{ENDINGS, FILES, FOLDERS, THINGS, VERBS};

/// A line such as `buy 3 lamps`.
pub fn line(rng: &mut Rng) -> String {
    if rng.one_in(3) {
        format!("{} {} {}", rng.pick(&VERBS), rng.range(2, 9), rng.pick(&THINGS))
    } else {
        format!("{} {}", rng.pick(&VERBS), rng.pick(&THINGS))
    }
}

/// A tree. Every file has a name of its own, but for a second version of one of them in another folder.
pub fn random(rng: &mut Rng) -> State {
    let folders: Vec<&str> = rng.distinct(FOLDERS.len(), 5).into_iter().map(|at| FOLDERS[at]).collect();
    let mut nodes = BTreeMap::new();
    let mut homes = vec!["/".to_owned()];
    for folder in &folders[..3] {
        homes.push(join("/", folder));
    }
    homes.push(join(&homes[1], folders[3]));
    let empty = join(&homes[rng.below(2)], folders[4]);
    for folder in homes[1..].iter().chain([&empty]) {
        nodes.insert(folder.clone(), Node::Folder);
    }
    let names = rng.distinct(FILES.len(), 9);
    for (at, name) in names.into_iter().enumerate() {
        let name = format!("{}.{}", FILES[name], rng.pick(&ENDINGS));
        let count = rng.range(2, 5);
        let lines = (0..count).map(|_| line(rng)).collect();
        let locked = rng.one_in(5);
        nodes.insert(join(&homes[at % homes.len()], &name), Node::File { lines, locked });
    }
    second_version(rng, &homes, &mut nodes);
    let cwd = if rng.one_in(3) { homes[1].clone() } else { "/".to_owned() };
    let mut state = State { cwd, nodes, quota: 0, clutter: 0 };
    state.quota = state.bytes_below("/") as u32 + 10 * rng.range(50, 90);
    state
}

/// A copy of some file in another folder, in which one line is another.
fn second_version(rng: &mut Rng, homes: &[String], nodes: &mut BTreeMap<String, Node>) {
    let files: Vec<String> =
        nodes.iter().filter(|(_, node)| **node != Node::Folder).map(|(path, _)| path.clone()).collect();
    let original = files[rng.below(files.len())].clone();
    let copy = join(&homes[rng.below(homes.len())], crate::state::name(&original));
    if let (Some(Node::File { lines, .. }), false) = (nodes.get(&original).cloned(), nodes.contains_key(&copy)) {
        let mut lines = lines;
        let at = rng.below(lines.len());
        lines[at] = line(rng);
        nodes.insert(copy, Node::File { lines, locked: false });
    }
}
