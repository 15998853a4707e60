//! From a file and the command line's `--set`s to one full set of settings for each arm.
//!
//! Order of precedence, lowest first: defaults, the file, its named budget that `--budget` chose, `--set a.b=c`, the arm's
//! override in the file, `--set arms.NAME.a.b=c`. Every problem of a stage is reported; a stage with problems ends the loading.

use std::collections::BTreeSet;
use std::path::Path;

use coevo_core::config::Start;
use coevo_core::id::ContentId;
use serde_json::{Map, Value};

use crate::algorithm;
use crate::check;
use crate::hint;
use crate::limits;
use crate::locate::End;
use crate::origin::{Origin, similar_file};
use crate::plan::{Plan, plan};
use crate::problem::{Place, Problem, ScenarioError, dotted};
use crate::schema;
use crate::source;
use crate::study;
use crate::types::{Sequel, Settings, is_path};

/// Longest arm name; it becomes a folder name.
const MAX_ARM_NAME: usize = 40;

/// One arm with everything it runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmPlan {
    /// Unique; in a study with `seeds` the family's with the seed, such as `coevo.s7`.
    pub name: String,
    /// The arm of the file that this one is under one seed; `name` where there is no study.
    pub family: String,
    pub settings: Settings,
    pub sequel: Sequel,
}

impl ArmPlan {
    /// Whether the training environment changes in this arm.
    pub fn evolves(&self) -> bool {
        self.settings.evolution.enabled
    }
}

/// A checked scenario: nothing in it is left to defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedScenario {
    pub name: String,
    /// What the arms override.
    pub base: Settings,
    /// Seeds of the study; empty where the file has no `seeds`.
    pub seeds: Vec<u64>,
    /// In the order of the file; in a study seed by seed.
    pub arms: Vec<ArmPlan>,
    pub plan: Plan,
}

impl ResolvedScenario {
    /// Reads and checks the scenario at `path`; each override is the text after one `--set`.
    ///
    /// # Errors
    /// Every problem that can be found at once, each with place, key, value and a hint.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ScenarioError> {
        Self::load_with(path, None, overrides)
    }

    /// [`Self::load`], with the file's named budget `budget` laid over it.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(path: &Path, budget: Option<&str>, overrides: &[String]) -> Result<Self, ScenarioError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Problem {
            place: Place::File { file: file.clone(), at: None },
            key: String::new(),
            message: format!("cannot read the scenario: {error}"),
            hint: similar_file(path)
                .or_else(|| Some("check the path; shipped scenarios are in `scenarios/`".to_owned())),
        })?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::parse_with(&text, &file, &folder, budget, overrides)
    }

    /// Checks scenario `text`. `file` names it in errors, and paths in it are relative to `folder`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, file: &str, folder: &Path, overrides: &[String]) -> Result<Self, ScenarioError> {
        Self::parse_with(text, file, folder, None, overrides)
    }

    /// [`Self::parse`], with a named budget.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse_with(
        text: &str,
        file: &str,
        folder: &Path,
        budget: Option<&str>,
        overrides: &[String],
    ) -> Result<Self, ScenarioError> {
        let mut origin = Origin { file, text, sets: Vec::new(), budget: None };
        let mut root = source::read(text).map_err(|error| Problem {
            place: Place::File { file: file.to_owned(), at: error.at },
            key: dotted(&error.key),
            message: error.message,
            hint: error.hint,
        })?;
        let mut problems = Vec::new();
        let schema = schema::json_schema();
        let chosen = study::budget(&mut root, budget, &origin, &mut problems);
        finish(&mut problems)?;
        if let Some((_, over)) = &chosen {
            schema::fill_empty_sections(&schema, &mut root);
            schema::merge(&schema, &mut root, over);
        }
        origin.budget = chosen;
        let known_arms: Vec<String> = keys(root.get("arms"));
        for text in overrides {
            match apply_set(&mut root, text, &known_arms) {
                Ok(path) => origin.sets.push((path, text.clone())),
                Err(problem) => problems.push(problem),
            }
        }
        schema::fill_empty_sections(&schema, &mut root);
        problems.extend(check::check(&schema, &root).into_iter().map(|issue| Problem {
            place: origin.place(&issue.path, issue.end),
            key: dotted(&issue.path),
            message: issue.message,
            hint: issue.hint,
        }));
        let arms_given = root.get("arms").cloned();
        check_arms(arms_given.as_ref(), &origin, &mut problems);
        finish(&mut problems)?;

        // From here the tree fits the types.
        let mut base = root.as_object().cloned().unwrap_or_default();
        let name = base.shift_remove("name").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
        base.shift_remove("arms");
        let seeds = study::seeds(&mut base, &origin, &mut problems);
        study::arms_leave_seeds_alone(arms_given.as_ref(), &seeds, &origin, &mut problems);
        resolve_paths(&mut base, folder, &origin, &mut problems);
        let base = Value::Object(base);
        let mut given = arms_given.and_then(|arms| arms.as_object().cloned()).unwrap_or_default();
        if given.is_empty() {
            given.insert("main".to_owned(), Value::Object(Map::new()));
        }
        let mut arms = Vec::new();
        let mut seen = BTreeSet::new();
        for (arm_name, over) in &given {
            match resolve_arm(&schema, &base, arm_name, over) {
                Ok(arm) => {
                    for unfit in limits::unfit(&arm.settings) {
                        let problem = origin.unfit(arm_name, over, unfit);
                        if seen.insert((problem.key.clone(), problem.message.clone())) {
                            problems.push(problem);
                        }
                    }
                    arms.push(arm);
                }
                Err(message) => {
                    let path = vec!["arms".to_owned(), arm_name.clone()];
                    let place = origin.place(&path, End::Value);
                    problems.push(Problem { place, key: dotted(&path), message, hint: None });
                }
            }
        }
        if let Err(errors) = plan(&arms) {
            problems.extend(errors.into_iter().map(|error| origin.order(error, &arms)));
        }
        finish(&mut problems)?;
        let base = read_settings(&base).map_err(|message| origin.whole(message))?;
        let arms = study::expand(&arms, &seeds);
        let plan = plan(&arms).expect("arms that can be ordered can be ordered under every seed");
        Ok(Self { name, base, seeds, arms, plan })
    }

    /// The same scenario with every default written out, and arms reduced to what they change. Loading it gives an equal
    /// scenario.
    pub fn to_yaml(&self) -> String {
        let schema = schema::json_schema();
        let base = tree(&self.base);
        let mut arms = Map::new();
        for arm in study::families(&self.arms, &self.seeds) {
            let mut over = match schema::difference(&schema, &base, &tree(&arm.settings)) {
                Some(Value::Object(over)) => over,
                _ => Map::new(),
            };
            if !arm.sequel.after.is_empty() {
                over.insert("after".into(), tree(&arm.sequel.after));
            }
            if let Some(start) = &arm.sequel.start_from {
                over.insert("start_from".into(), start.clone().into());
            }
            arms.insert(arm.name.clone(), Value::Object(over));
        }
        let mut root = Map::new();
        root.insert("name".into(), self.name.clone().into());
        root.extend(base.as_object().cloned().unwrap_or_default());
        if !self.seeds.is_empty() {
            root.shift_remove("seed");
            root.insert(study::SEEDS.into(), tree(&self.seeds));
        }
        root.insert("arms".into(), Value::Object(arms));
        serde_yaml::to_string(&Value::Object(root)).expect("a JSON tree with text keys is YAML")
    }

    /// Address of [`Self::to_yaml`]: what a run records to know its scenario again.
    pub fn id(&self) -> ContentId {
        ContentId::of_bytes(self.to_yaml().as_bytes())
    }

    pub fn arm(&self, name: &str) -> Option<&ArmPlan> {
        self.arms.iter().find(|arm| arm.name == name)
    }

    /// What an arm is compared with: the first arm, in a study the first under the same seed.
    pub fn first_beside(&self, name: &str) -> Option<&ArmPlan> {
        let seed = self.arm(name)?.settings.seed;
        self.arms.iter().find(|arm| self.seeds.is_empty() || arm.settings.seed == seed)
    }

    /// The arms of the file, in its order: each stands for one arm, or in a study for one under every seed.
    pub fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for arm in &self.arms {
            if !names.contains(&arm.family.as_str()) {
                names.push(&arm.family);
            }
        }
        names
    }
}

/// A value as a JSON tree. Through text, because that writes an `f32` such as 0.7 with its shortest digits.
fn tree<T: serde::Serialize>(value: &T) -> Value {
    let text = serde_json::to_string(value).expect("our own types serialize");
    serde_json::from_str(&text).expect("our own JSON parses")
}

fn finish(problems: &mut Vec<Problem>) -> Result<(), ScenarioError> {
    if problems.is_empty() { Ok(()) } else { Err(ScenarioError { problems: std::mem::take(problems) }) }
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn read_settings(value: &Value) -> Result<Settings, String> {
    let mut settings = serde_json::from_value(value.clone()).map_err(|error| format!("cannot be read: {error}"))?;
    algorithm::fill(&mut settings, value);
    Ok(settings)
}

fn resolve_arm(schema: &Value, base: &Value, name: &str, over: &Value) -> Result<ArmPlan, String> {
    let mut over = over.as_object().cloned().unwrap_or_default();
    let mut sequel = Map::new();
    for key in ["after", "start_from"] {
        sequel.extend(over.shift_remove(key).map(|value| (key.to_owned(), value)));
    }
    let sequel = serde_json::from_value(Value::Object(sequel)).map_err(|error| format!("`arms.{name}`: {error}"))?;
    let mut whole = base.clone();
    schema::merge(schema, &mut whole, &Value::Object(over));
    Ok(ArmPlan { name: name.to_owned(), family: name.to_owned(), settings: read_settings(&whole)?, sequel })
}

/// Puts one `--set` into the tree and returns its path.
fn apply_set(root: &mut Value, text: &str, known_arms: &[String]) -> Result<Vec<String>, Problem> {
    let problem = |key: &str, message: String, hint: String| Problem {
        place: Place::Set(text.to_owned()),
        key: key.to_owned(),
        message,
        hint: Some(hint),
    };
    let form = "write `--set key=value`, such as `--set learner.rounds=4`".to_owned();
    let Some((key, value)) = text.split_once('=') else {
        return Err(problem("", format!("{text:?} has no `=`"), form));
    };
    let key = key.trim();
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(problem(key, format!("{key:?} is not a key"), form));
    }
    if path[0] == study::BUDGETS {
        let hint = "set the key itself, such as `--set learner.rounds=4`: it lies over the budget that --budget chose";
        return Err(problem(key, format!("`{key}` is chosen with --budget, not set"), hint.to_owned()));
    }
    if let ["arms", arm, ..] = path.iter().map(String::as_str).collect::<Vec<_>>()[..]
        && !known_arms.iter().any(|known| known == arm)
    {
        let near = hint::nearest(arm, known_arms.iter().map(String::as_str));
        let known = hint::list(known_arms.iter().map(String::as_str));
        let hint = near.map_or(format!("the file's arms: {known}"), |near| format!("did you mean `{near}`?"));
        return Err(problem(key, format!("the file has no arm `{arm}`"), hint));
    }
    let value = source::read(value).map_err(|error| {
        problem(key, format!("the value of `{key}` is no YAML: {}", error.message), "quote it".into())
    })?;
    let mut place = &mut *root;
    for (depth, segment) in path.iter().enumerate() {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        if !place.is_object() {
            let holder = dotted(&path[..depth]);
            let message = format!("`{holder}` is {}, which has no keys inside", check::shown(place));
            return Err(problem(key, message, format!("set `{holder}` itself")));
        }
        let Value::Object(map) = place else { unreachable!("just checked") };
        place = map.entry(segment.clone()).or_insert(Value::Null);
    }
    *place = value;
    Ok(path)
}

/// What the schema cannot say of `arms`: there is one, names are usable as folders, and what is shared stays shared.
fn check_arms(arms: Option<&Value>, origin: &Origin<'_>, problems: &mut Vec<Problem>) {
    let Some(Value::Object(arms)) = arms else { return };
    let path = |rest: &[&str]| -> Vec<String> { ["arms"].iter().chain(rest).map(|key| (*key).to_owned()).collect() };
    if arms.is_empty() {
        problems.push(Problem {
            place: origin.place(&path(&[]), End::Value),
            key: "arms".into(),
            message: "`arms` names no arm".into(),
            hint: Some("name at least one, or leave `arms` out for a single arm called `main`".into()),
        });
    }
    for (name, over) in arms {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_ARM_NAME || !name.chars().all(fine) || name.starts_with('-') {
            problems.push(Problem {
                place: origin.place(&path(&[name]), End::Key),
                key: dotted(&path(&[name])),
                message: format!("{name:?} cannot name an arm"),
                hint: Some(format!(
                    "use 1 to {MAX_ARM_NAME} lower-case letters, digits, `_` and `-`: it becomes a folder name"
                )),
            });
        }
        if over.pointer("/budgets/wall_clock_minutes").is_some() {
            let at = path(&[name, "budgets", "wall_clock_minutes"]);
            problems.push(Problem {
                place: origin.place(&at, End::Key),
                key: dotted(&at),
                message: format!("`{}` cannot differ between arms", dotted(&at)),
                hint: Some("it limits the run: set `budgets.wall_clock_minutes` at the top level".into()),
            });
        }
    }
}

/// Makes the paths of plugins and of a checkpoint absolute, so that the resolved scenario works from anywhere, and checks
/// that they are there.
fn resolve_paths(base: &mut Map<String, Value>, folder: &Path, origin: &Origin<'_>, problems: &mut Vec<Problem>) {
    let environment = "a shipped environment has a bare name, such as `travel`";
    let place = |path: &[&str]| -> Vec<String> { path.iter().map(|key| (*key).to_owned()).collect() };
    let mut absolute = |value: Option<&mut Value>, path: Vec<String>, is_path: &dyn Fn(&str) -> bool, bare: &str| {
        let Some(value) = value else { return };
        let name = value.as_str().unwrap_or_default().to_owned();
        if !is_path(&name) {
            return;
        }
        let full = folder.join(&name);
        let full = std::path::absolute(&full).unwrap_or(full);
        if full.exists() {
            *value = Value::String(full.display().to_string());
        } else {
            problems.push(Problem {
                place: origin.place(&path, End::Value),
                key: dotted(&path),
                message: format!("`{}` is {name:?}, but {} does not exist", dotted(&path), full.display()),
                // A word that no path is made of was meant to be one of the names.
                hint: Some(&full)
                    .filter(|_| name.contains(['/', '\\', '.']))
                    .and_then(|full| similar_file(full))
                    .or_else(|| Some(format!("paths are relative to the scenario file; {bare}"))),
            });
        }
    };
    let name = base.get_mut("environment").and_then(|environment| environment.get_mut("name"));
    absolute(name, place(&["environment", "name"]), &is_path, environment);
    let start = base.get_mut("agent").and_then(|agent| agent.get_mut("start"));
    let is_folder = |name: &str| matches!(Start::from(name.to_owned()), Start::Folder(_));
    absolute(start, place(&["agent", "start"]), &is_folder, "what is no path is `fresh` or `backbone`");
    let transfer = base.get_mut("evaluation").and_then(|evaluation| evaluation.get_mut("transfer"));
    for (number, entry) in transfer.and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        let path = place(&["evaluation", "transfer", &format!("[{number}]"), "environment"]);
        absolute(entry.get_mut("environment"), path, &is_path, environment);
    }
}
