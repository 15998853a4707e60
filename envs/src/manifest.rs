//! `env.toml`: what an environment promises of itself, for people, catalogues and the build.
//!
//! The component says what it is; the manifest says what it should be, and adds what a component cannot know (licence,
//! language). The build checks one against the other and carries the manifest inside the component, in a custom section,
//! so that a lone `.wasm` file still names its licence. Chosen over a file beside the component, which gets lost.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use coevo_core::task::EnvSpec;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::abi;
use crate::sandbox::SandboxLimits;

/// The manifest's file name, in an environment's folder.
pub const FILE: &str = "env.toml";

/// Name of the custom section that carries the manifest inside a component.
const SECTION: &str = "coevo:manifest";

/// What an environment is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Rust,
    Python,
    Js,
    C,
    Other,
}

impl Language {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
            Self::C => "c",
            Self::Other => "other",
        }
    }
}

/// The manifest of an environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// An SPDX expression, such as `MIT OR Apache-2.0`.
    pub licence: String,
    /// Version of the ABI, `coevo:env`.
    pub abi: String,
    pub language: Language,
    /// Least and greatest reward.
    pub reward: [f64; 2],
    /// Number of tasks of each split.
    pub splits: BTreeMap<String, u32>,
    /// What it needs beyond what every environment gets.
    #[serde(skip_serializing_if = "Needs::is_empty")]
    pub needs: Needs,
    #[serde(skip)]
    source: Source,
}

/// Table `[needs]`: limits of the sandbox that an environment has to have raised. The host grants them up to its own bounds,
/// and refuses to load what needs more; nothing becomes larger for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// Linear memory of an instance, in MiB.
    pub memory_mib: Option<u32>,
    pub fuel_per_call: Option<u64>,
    pub fuel_per_task: Option<u64>,
}

impl Needs {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a manifest's values stand, for messages.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    place: String,
    text: String,
    /// Byte ranges of values, by key.
    spans: BTreeMap<String, Range<usize>>,
}

impl Source {
    /// `env.toml:3`
    fn at(&self, key: &str) -> String {
        match self.spans.get(key) {
            Some(span) => format!("{}:{}", self.place, line(&self.text, span.start)),
            None => self.place.clone(),
        }
    }
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// What is wrong with a manifest: the user's to mend.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}\nhint: {hint}")]
pub struct ManifestError {
    /// File, and line where there is one.
    pub place: String,
    pub problem: String,
    pub hint: String,
}

fn wrong<T>(place: String, problem: String, hint: impl Into<String>) -> Result<T, ManifestError> {
    Err(ManifestError { place, problem, hint: hint.into() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    version: Spanned<String>,
    licence: Spanned<String>,
    abi: Spanned<String>,
    language: Spanned<Language>,
    reward: Spanned<[f64; 2]>,
    splits: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    needs: Option<Spanned<Needs>>,
}

impl Manifest {
    /// Reads a manifest; `place` is what errors call it.
    ///
    /// # Errors
    /// A key that is missing, unknown or ill-typed; a version that is none; an ABI that this program does not speak.
    pub fn parse(place: &str, text: &str) -> Result<Self, ManifestError> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().filter(|span| *span != (0..0));
            ManifestError {
                place: at.map_or_else(|| place.to_owned(), |span| format!("{place}:{}", line(text, span.start))),
                problem: error.message().trim_end().replace('\n', ", "),
                hint: "the keys are name, version, licence, abi, language, reward = [0, 1], a table [splits] of \
                       `train = 400` and so on, and perhaps a table [needs] with memory_mib, fuel_per_call, fuel_per_task"
                    .to_owned(),
            }
        })?;
        let mut spans = BTreeMap::new();
        macro_rules! take {
            ($key:ident) => {{
                spans.insert(stringify!($key).to_owned(), written.$key.span());
                written.$key.into_inner()
            }};
        }
        let (name, version, licence) = (take!(name), take!(version), take!(licence));
        let (abi, language, reward) = (take!(abi), take!(language), take!(reward));
        let mut splits = BTreeMap::new();
        for (split, tasks) in written.splits {
            spans.insert(format!("splits.{split}"), tasks.span());
            splits.insert(split, tasks.into_inner());
        }
        let needs = written.needs.map_or_else(Needs::default, |needs| {
            spans.insert("needs".to_owned(), needs.span());
            needs.into_inner()
        });
        let source = Source { place: place.to_owned(), text: text.to_owned(), spans };
        if let Err(error) = semver::Version::parse(&version) {
            let problem = format!("version {version:?}: {error}");
            return wrong(source.at("version"), problem, "write three numbers, such as 1.0.0");
        }
        if abi != abi::VERSION {
            let problem = format!("abi is {abi:?}, this program speaks {:?}", abi::VERSION);
            let hint = format!("write abi = {:?} and build again with the SDK of this program", abi::VERSION);
            return wrong(source.at("abi"), problem, hint);
        }
        if licence.trim().is_empty() {
            let hint =
                "an SPDX expression, such as \"MIT OR Apache-2.0\"; \"LicenseRef-Proprietary\" where there is none";
            return wrong(source.at("licence"), "licence is empty".to_owned(), hint);
        }
        Ok(Self { name, version, licence, abi, language, reward, splits, needs, source })
    }

    /// The limits of an instance of this environment, where the host's are `given`.
    ///
    /// # Errors
    /// A need that is greater than what the host grants.
    pub fn limits(&self, given: &SandboxLimits) -> Result<SandboxLimits, ManifestError> {
        let mut limits = given.clone();
        let needs = [
            (self.needs.memory_mib.map(|mib| u64::from(mib) << 20), &mut limits.memory_bytes, given.most_memory_bytes),
            (self.needs.fuel_per_call, &mut limits.fuel_per_call, given.most_fuel_per_call),
            (self.needs.fuel_per_task, &mut limits.fuel_per_task, given.most_fuel_per_task),
        ];
        for (need, limit, most) in needs {
            let Some(need) = need else { continue };
            if need > most {
                let problem = format!("a need of {need} is more than the {most} that the host grants");
                return wrong(
                    self.source.at("needs"),
                    problem,
                    "make do with less: 512 MiB, 5e9 of fuel a call, 1e11 a task",
                );
            }
            *limit = need.max(*limit);
        }
        Ok(limits)
    }

    /// The manifest in an environment's folder, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or as [`Manifest::parse`].
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, ManifestError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let place = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&place, &text).map(Some),
            Err(error) => wrong(place, error.to_string(), "a text file in UTF-8"),
        }
    }

    /// The manifest that a component carries, if it does; `name` is what errors call the component.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn of_component(name: &str, component: &[u8]) -> Result<Option<Self>, ManifestError> {
        let Some(bytes) = custom_section(component, SECTION) else {
            return Ok(None);
        };
        let place = format!("{name} ({FILE} inside)");
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(&place, text).map(Some),
            Err(error) => wrong(place, error.to_string(), "build the component again"),
        }
    }

    /// The component with this manifest inside.
    pub fn embed(&self, component: &[u8]) -> Vec<u8> {
        let mut payload = Vec::new();
        leb128(SECTION.len(), &mut payload);
        payload.extend(SECTION.as_bytes());
        payload.extend(self.source.text.as_bytes());
        let mut out = component.to_vec();
        out.push(0);
        leb128(payload.len(), &mut out);
        out.extend(payload);
        out
    }

    /// Whether the manifest says the same as the environment itself.
    ///
    /// # Errors
    /// The first difference, with both values.
    pub fn check(&self, spec: &EnvSpec) -> Result<(), ManifestError> {
        let differs = |key: &str, here: String, there: String| {
            let problem = format!("{key} is {here} here, the component says {there}");
            wrong(self.source.at(key), problem, "make them equal, then `coevo env build` again")
        };
        if self.name != spec.name {
            return differs("name", format!("{:?}", self.name), format!("{:?}", spec.name));
        }
        if self.version != spec.version {
            return differs("version", format!("{:?}", self.version), format!("{:?}", spec.version));
        }
        if self.reward != [spec.reward_min, spec.reward_max] {
            let there = format!("{:?}", [spec.reward_min, spec.reward_max]);
            return differs("reward", format!("{:?}", self.reward), there);
        }
        for split in &spec.splits {
            match self.splits.get(&split.name) {
                Some(tasks) if *tasks == split.tasks => {}
                Some(tasks) => {
                    let key = format!("splits.{}", split.name);
                    return differs(&key, format!("{tasks} tasks"), format!("{} tasks", split.tasks));
                }
                None => {
                    let problem = format!("the component has a split {:?}, this table does not", split.name);
                    let hint = format!("add `{} = {}` under [splits]", split.name, split.tasks);
                    return wrong(self.source.place.clone(), problem, hint);
                }
            }
        }
        match self.splits.keys().find(|name| !spec.splits.iter().any(|split| split.name == **name)) {
            Some(extra) => {
                let problem = format!("split {extra:?} is not one of the component's");
                wrong(
                    self.source.at(&format!("splits.{extra}")),
                    problem,
                    "take the line out, or add the split to the code",
                )
            }
            None => Ok(()),
        }
    }
}

fn leb128(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_leb128(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value: u64 = 0;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// The last custom section of that name at the top level of a component. Bytes that are no component have none.
fn custom_section<'a>(component: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    const PREAMBLE: usize = 8;
    let (mut at, mut found) = (PREAMBLE, None);
    while at < component.len() {
        let id = component[at];
        at += 1;
        let size = read_leb128(component, &mut at)?;
        let section = component.get(at..at.checked_add(size)?)?;
        at += size;
        if id == 0 {
            let mut start = 0;
            let length = read_leb128(section, &mut start)?;
            let end = start.checked_add(length)?;
            if section.get(start..end)? == wanted.as_bytes() {
                found = Some(&section[end..]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use coevo_core::task::SplitInfo;

    use super::*;

    const GOOD: &str = "\
name = \"todo\"
version = \"1.0.0\"
licence = \"MIT\"
abi = \"1.0.0\"
language = \"rust\"
reward = [0, 1]

[splits]
train = 400
test = 100
";

    fn spec() -> EnvSpec {
        let split = |name: &str, tasks| SplitInfo { name: name.into(), tasks };
        EnvSpec {
            name: "todo".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            tools: Vec::new(),
            splits: vec![split("train", 400), split("test", 100)],
            categories: Vec::new(),
            reward_min: 0.0,
            reward_max: 1.0,
        }
    }

    #[test]
    fn a_sound_manifest_agrees_with_its_component() {
        let manifest = Manifest::parse("env.toml", GOOD).unwrap();
        assert_eq!((manifest.language, manifest.reward), (Language::Rust, [0.0, 1.0]));
        manifest.check(&spec()).unwrap();
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line_and_its_fix() {
        let cases = [
            ("name = \"todo\"\n", "", "env.toml: missing field `name`"),
            ("licence", "license", "env.toml:3: unknown field `license`"),
            ("\"1.0.0\"\nlicence", "\"1.0\"\nlicence", "env.toml:2: version \"1.0\": unexpected end of input"),
            ("abi = \"1.0.0\"", "abi = \"2.0.0\"", "env.toml:4: abi is \"2.0.0\", this program speaks \"1.0.0\""),
            ("rust", "cobol", "env.toml:5: unknown variant `cobol`, expected one of `rust`, `python`"),
            ("[0, 1]", "1", "env.toml:6: invalid type: integer `1`"),
            ("\"MIT\"", "\" \"", "env.toml:3: licence is empty"),
            ("train = 400", "train = -1", "env.toml:9: invalid value: integer `-1`"),
            ("name = \"todo\"", "name = todo", "env.toml:1: "),
        ];
        for (from, to, want) in cases {
            let error = Manifest::parse("env.toml", &GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with(want) && error.contains("\nhint: "), "{want:?} does not begin {error:?}");
        }
    }

    #[test]
    fn needs_are_granted_up_to_a_bound() {
        let given = SandboxLimits::default();
        let limits = |needs: &str| Manifest::parse("env.toml", &format!("{GOOD}\n[needs]\n{needs}\n"))?.limits(&given);
        assert_eq!(Manifest::parse("env.toml", GOOD).unwrap().limits(&given).unwrap(), given);
        assert_eq!(limits("memory_mib = 128").unwrap(), SandboxLimits { memory_bytes: 128 << 20, ..given.clone() });
        // Less than every environment gets is no wish for less.
        assert_eq!(limits("memory_mib = 8\nfuel_per_call = 1").unwrap(), given);
        let refused = [
            ("memory_mib = 4000", "env.toml:12: a need of 4194304000 is more than the"),
            ("fuel_per_task = 1000000000000", "is more than the 100000000000 that the host grants"),
            ("memory = 1", "env.toml:13: unknown field `memory`"),
        ];
        for (needs, want) in refused {
            let error = limits(needs).unwrap_err().to_string();
            assert!(error.contains(want) && error.contains("\nhint: "), "{want:?} not in {error:?}");
        }
    }

    #[test]
    fn a_difference_from_the_component_shows_both_values() {
        type Change = fn(&mut EnvSpec);
        let cases: [(Change, &str); 6] = [
            (|s| s.name = "tada".into(), "env.toml:1: name is \"todo\" here, the component says \"tada\""),
            (|s| s.version = "1.1.0".into(), "env.toml:2: version is \"1.0.0\" here"),
            (|s| s.reward_min = -1.0, "env.toml:6: reward is [0.0, 1.0] here, the component says [-1.0, 1.0]"),
            (|s| s.splits[0].tasks = 300, "env.toml:9: splits.train is 400 tasks here, the component says 300 tasks"),
            (|s| s.splits[0].name = "learn".into(), "env.toml: the component has a split \"learn\""),
            (|s| s.splits.truncate(1), "env.toml:10: split \"test\" is not one of the component's"),
        ];
        let manifest = Manifest::parse("env.toml", GOOD).unwrap();
        for (change, want) in cases {
            let mut spec = spec();
            change(&mut spec);
            let error = manifest.check(&spec).unwrap_err().to_string();
            assert!(error.starts_with(want), "{want:?} does not begin {error:?}");
        }
    }

    #[test]
    fn a_component_carries_its_manifest() {
        let component = b"\0asm\x0d\0\x01\0\x00\x05\x04name".as_slice();
        let manifest = Manifest::parse("env.toml", GOOD).unwrap();
        assert_eq!(Manifest::of_component("x", component).unwrap(), None);
        let carrying = manifest.embed(component);
        assert!(carrying.starts_with(component));
        let read = Manifest::of_component("x.wasm", &carrying).unwrap().unwrap();
        assert_eq!((&read.splits, read.source.at("abi")), (&manifest.splits, "x.wasm (env.toml inside):4".to_owned()));
        for cut in 0..carrying.len() {
            let _ = Manifest::of_component("x", &carrying[..cut]);
        }
    }
}
