//! Where each part of a scenario was written: in the file, or in a `--set`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::hint;
use crate::limits::Unfit;
use crate::locate::{End, locate};
use crate::plan::OrderError;
use crate::problem::{Place, Problem, dotted};
use crate::resolve::ArmPlan;
use crate::study::BUDGETS;

/// Where each part of the settings was written.
pub(crate) struct Origin<'a> {
    pub file: &'a str,
    pub text: &'a str,
    /// Path and text of each `--set`, in order.
    pub sets: Vec<(Vec<String>, String)>,
    /// The named budget that lies over the file.
    pub budget: Option<(String, Value)>,
}

impl Origin<'_> {
    /// The last `--set` that covers `path`, else its place in the text, else that of the nearest section around it.
    pub fn place(&self, path: &[String], end: End) -> Place {
        if let Some((_, text)) = self.sets.iter().rev().find(|(set, _)| path.starts_with(set)) {
            return Place::Set(text.clone());
        }
        let named = self.budget.as_ref().filter(|(_, over)| has(over, path));
        let named = named.map(|(name, _)| [&[BUDGETS.to_owned(), name.clone()], path].concat());
        let path = named.as_deref().unwrap_or(path);
        let around = (1..path.len()).rev().map(|length| (&path[..length], End::Key));
        let at = std::iter::once((path, end)).chain(around).find_map(|(path, end)| locate(self.text, path, end));
        Place::File { file: self.file.to_owned(), at }
    }

    pub fn whole(&self, message: String) -> Problem {
        let place = Place::File { file: self.file.to_owned(), at: None };
        Problem { place, key: String::new(), message, hint: None }
    }

    /// Blames the arm if the key stands there, and the base otherwise.
    pub fn unfit(&self, arm: &str, over: &Value, unfit: Unfit) -> Problem {
        // `rules[2].off` is the path rules, [2], off here, and /rules/2/off as a JSON pointer.
        let path: Vec<String> = unfit.key.replace('[', ".[").split('.').map(str::to_owned).collect();
        let pointer = format!("/{}", path.join("/")).replace(['[', ']'], "");
        let in_arm = over.pointer(&pointer).is_some();
        let path = if in_arm { [vec!["arms".to_owned(), arm.to_owned()], path].concat() } else { path };
        Problem {
            place: self.place(&path, End::Value),
            message: format!("`{}`{}", dotted(&path), unfit.message),
            key: dotted(&path),
            hint: unfit.hint,
        }
    }

    pub fn order(&self, error: OrderError, arms: &[ArmPlan]) -> Problem {
        match error {
            OrderError::Unknown { arm, key, named } => {
                let path = ["arms".to_owned(), arm, key.to_owned()];
                let names = || arms.iter().map(|arm| arm.name.as_str());
                let hint = hint::nearest(&named, names())
                    .map_or_else(|| format!("arms: {}", hint::list(names())), |near| format!("did you mean `{near}`?"));
                Problem {
                    place: self.place(&path, End::Value),
                    message: format!("`{}` names the arm {named:?}, which does not exist", dotted(&path)),
                    key: dotted(&path),
                    hint: Some(hint),
                }
            }
            OrderError::Cycle(cycle) => {
                let first = cycle.first().cloned().unwrap_or_default();
                let path = ["arms".to_owned(), first.clone()];
                let chain: Vec<String> = cycle.iter().chain([&first]).map(|name| format!("`{name}`")).collect();
                Problem {
                    place: self.place(&path, End::Key),
                    key: dotted(&path),
                    message: format!("arms wait for each other: {}", chain.join(" after ")),
                    hint: Some("remove one `after` or `start_from` of this chain".into()),
                }
            }
        }
    }
}

/// Whether a tree has something at a path.
fn has(tree: &Value, path: &[String]) -> bool {
    let Some((head, rest)) = path.split_first() else { return true };
    let inside = match head.strip_prefix('[').and_then(|index| index.strip_suffix(']')?.parse::<usize>().ok()) {
        Some(index) => tree.get(index),
        None => tree.get(head),
    };
    inside.is_some_and(|tree| has(tree, rest))
}

/// "did you mean" for a path whose folder holds something with nearly the same name.
pub(crate) fn similar_file(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(PathBuf::from("."), Path::to_path_buf);
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let near = hint::nearest(wanted, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{}`?", path.with_file_name(near).display()))
}
