//! `docs/authoring.md` is tested documentation: its commands run in its order, its code goes where it says.

mod common;

use std::path::Path;
use std::process::Command;

use coevo_envs::build::Toolchain;

/// What the page asks for, in order.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    /// Run these lines.
    Run(&'a str),
    /// Write this file.
    File(&'a str, &'a str),
    /// Put the text into the file, before the line that begins like this.
    Into(&'a str, &'a str, &'a str),
    /// From here on this is needed.
    Needs(&'a str),
    /// The next commands need this verb.
    Verb(&'a str),
}

/// Reads the page: fenced blocks, and the comments that say what a block is for.
fn steps(page: &str) -> Vec<Step<'_>> {
    let mut out = Vec::new();
    let (mut pieces, mut note) = (page, None);
    while let Some(at) = pieces.find("\n```").into_iter().chain(pieces.find("\n<!-- ")).min() {
        let rest = &pieces[at + 1..];
        if let Some(comment) = rest.strip_prefix("<!-- ") {
            let end = comment.find(" -->").expect("a comment ends");
            let needs = comment[..end].strip_prefix("needs ");
            match needs.map(|needs| needs.strip_suffix(" from here on").ok_or(needs)) {
                Some(Ok(tool)) => out.push(Step::Needs(tool)),
                Some(Err(verb)) => out.push(Step::Verb(verb.strip_prefix("the verb: ").expect("a known comment"))),
                None => note = Some(&comment[..end]),
            }
            pieces = &comment[end + " -->".len()..];
            continue;
        }
        let (language, body) = rest.trim_start_matches('`').split_once('\n').expect("a block has lines");
        let end = body.find("\n```").expect("a block ends");
        let text = &body[..=end];
        match (language, note.take()) {
            ("sh", None) => out.push(Step::Run(text)),
            (_, Some(note)) => match note.strip_prefix("file: ") {
                Some(file) => out.push(Step::File(file, text)),
                None => {
                    let (file, anchor) =
                        note.strip_prefix("into ").and_then(|n| n.split_once(", before: ")).expect(note);
                    out.push(Step::Into(file, anchor, text));
                }
            },
            (other, None) => panic!("a block of {other} without a comment that says where it goes"),
        }
        pieces = &body[end + "\n```".len()..];
    }
    out
}

fn shell(folder: &Path, lines: &str) -> (bool, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_coevo")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let done = Command::new("sh")
        .args(["-ec", lines])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binary.display()))
        // The page's own is used.
        .env_remove("COEVO_COMPONENTIZE_PY")
        .env_remove("COEVO_COMPONENTIZE_QJS")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("authoring"))
        .output()
        .expect("sh runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.success(), text(&done.stdout) + &text(&done.stderr))
}

/// The page has a part for each language, under headings that no line of code looks like.
fn part(heading: &str) -> String {
    const HEADINGS: [&str; 4] = ["An environment of your own", "In Python", "In JavaScript", "What next"];
    let page = std::fs::read_to_string(common::root().join("docs/authoring.md")).expect("the page is there");
    let page = format!("\n{page}");
    let place = |heading: &str| page.find(&format!("\n# {heading}\n")).unwrap_or_else(|| panic!("no {heading:?}"));
    let at = HEADINGS.iter().position(|known| *known == heading).expect("a known heading");
    page[place(heading)..place(HEADINGS[at + 1])].to_owned()
}

#[test]
fn the_authoring_page_works_as_it_stands() {
    follow(&part("An environment of your own"), 7);
}

#[test]
fn its_python_part_works_as_it_stands() {
    follow(&part("In Python"), 8);
}

#[test]
fn its_javascript_part_works_as_it_stands() {
    if !shell(Path::new("/"), "node --version && npm --version").0 {
        println!("SKIPPED: there is no node, or no npm");
        return;
    }
    follow(&part("In JavaScript"), 2);
}

/// Why something that the page asks for is not there.
fn lacking(tool: &str, folder: &Path) -> Option<String> {
    match tool {
        "the WASM toolchain" => Toolchain::find(folder).err().map(|error| error.to_string()),
        // The page itself installs it: the question is whether pip can.
        "componentize-py" => {
            let lines = "python3 -m venv probe && probe/bin/pip install --quiet componentize-py==0.25.1";
            let (ok, output) = shell(folder, lines);
            (!ok).then(|| format!("pip cannot install it: {output}"))
        }
        "componentize-qjs" => {
            let (ok, output) = shell(folder, "npm install --silent --no-save --prefix probe componentize-qjs@0.4.5");
            (!ok).then(|| format!("npm cannot install it: {output}"))
        }
        other => panic!("the page needs {other}, of which this test knows nothing"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the time from an empty folder to a run is shown")]
fn follow(page: &str, least: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (begun, mut skip) = (std::time::Instant::now(), false);
    let mut commands = 0;
    for step in steps(page) {
        match step {
            Step::Needs(tool) => {
                if let Some(why) = lacking(tool, folder.path()) {
                    println!("SKIPPED from the first build on: {why}");
                    return;
                }
            }
            Step::Verb(verb) => {
                skip = !shell(folder.path(), &format!("coevo {verb} --help")).0;
                if skip {
                    println!("skipped: this binary has no `coevo {verb}`");
                }
            }
            Step::Run(_) if std::mem::take(&mut skip) => {}
            Step::Run(lines) => {
                let (ok, output) = shell(folder.path(), lines);
                println!("{:6.1} s after the beginning: {}", begun.elapsed().as_secs_f64(), lines.trim());
                assert!(ok, "{lines}\n{output}");
                commands += 1;
            }
            Step::File(name, text) => std::fs::write(folder.path().join(name), text).expect("a writable folder"),
            Step::Into(name, anchor, text) => {
                let path = folder.path().join(name);
                let source = std::fs::read_to_string(&path).expect("the file is there");
                assert_eq!(source.matches(anchor).count(), 1, "{anchor:?} is one place in {name}");
                std::fs::write(path, source.replace(anchor, &format!("{text}{anchor}"))).expect("a writable folder");
            }
        }
    }
    assert!(commands >= least, "{commands} blocks were run");
}

#[test]
fn the_page_is_read_in_order() {
    let page = "\n```sh\na\nb\n```\ntext\n<!-- into x.rs, before: fn -->\n```rust\nc\n```\n<!-- needs the verb: env check -->\n```sh\nd\n```\n";
    let want = [Step::Run("a\nb\n"), Step::Into("x.rs", "fn", "c\n"), Step::Verb("env check"), Step::Run("d\n")];
    assert_eq!(steps(page), want);
}

/// `coevo env new` refuses with the fix, and leaves nothing behind.
#[test]
fn a_new_environment_that_cannot_be_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("full/inner")).expect("a writable folder");
    let cases: [(&[&str], &str); 4] = [
        (&["env", "new", "My Env"], "name \"My Env\": is no name for an environment\nhint: lower-case letters"),
        (&["env", "new", "serde"], "is taken by Rust or by a crate that the environment uses"),
        (&["env", "new", "full"], "full: is there already, and not empty\nhint: choose another name"),
        (&["env", "new", "x", "--lang", "cobol"], "possible values: rust, python, js"),
    ];
    for (args, want) in cases {
        let (code, _, err) = common::run(folder.path(), args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(want), "{args:?}: {want:?} not in {err:?}");
    }
    let left: Vec<_> = folder.path().read_dir().expect("readable").map(|e| e.expect("readable").file_name()).collect();
    assert_eq!(left, ["full"]);
}

/// What a build in Python lacks is named with the fix, and nothing is written.
#[test]
fn a_python_environment_that_cannot_be_built() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    common::succeed(folder.path(), &["env", "new", "mine", "--lang", "python"]);
    let made: Vec<_> = folder.path().join("mine").read_dir().expect("readable").flatten().map(|e| e.path()).collect();
    let lines = "COEVO_COMPONENTIZE_PY=/nowhere/componentize-py coevo env build mine";
    let (ok, output) = shell(folder.path(), &format!("{lines} && exit 7; [ $? = 2 ]"));
    assert!(
        ok && output.contains("no componentize-py of the series 0.25 was found (COEVO_COMPONENTIZE_PY is /nowhere"),
        "{output}"
    );
    assert!(output.contains("hint: `pip install componentize-py==0.25.1`"), "{output}");
    std::fs::remove_file(folder.path().join("mine/environment.py")).expect("it was made");
    let (code, _, err) = common::run(folder.path(), &["env", "build", "mine"]);
    assert!(code == 2 && err.contains("mine: no environment.py there\nhint: `coevo env new"), "{err}");
    assert_eq!(folder.path().join("mine").read_dir().expect("readable").count() + 1, made.len());
}

/// A manifest that contradicts its component is refused wherever the folder is named, with both values and the line.
#[test]
fn a_manifest_that_contradicts_its_component() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let guest = folder.path().join("travel");
    std::fs::create_dir(&guest).expect("a writable folder");
    std::fs::copy(common::root().join("plugins/components/travel.wasm"), guest.join("travel.wasm")).expect("shipped");
    let sound = std::fs::read_to_string(common::root().join("plugins/travel/env.toml")).expect("it has a manifest");
    let cases = [
        (
            "train = 400",
            "train = 300",
            "travel/env.toml:10: splits.train is 300 tasks here, the component says 400 tasks",
        ),
        ("abi = \"1.0.0\"", "abi = \"0.9.0\"", "travel/env.toml:5: abi is \"0.9.0\", this program speaks \"1.0.0\""),
        ("licence", "license", "travel/env.toml:4: unknown field `license`"),
    ];
    for (from, to, want) in cases {
        std::fs::write(guest.join("env.toml"), sound.replacen(from, to, 1)).expect("a writable folder");
        let (code, _, err) = common::run(folder.path(), &["env", "show", "./travel"]);
        assert!(code == 2 && err.contains(want) && err.contains("\nhint: "), "{want:?} not in {err:?}");
    }
    std::fs::write(guest.join("env.toml"), sound).expect("a writable folder");
    let listed = common::succeed(folder.path(), &["env", "list", "."]);
    assert!(listed.contains("./travel") || listed.contains("travel"), "{listed}");
    let (code, _, err) = common::run(folder.path(), &["env", "show", "travel2"]);
    assert!(code == 2 && err.contains("shipped are"), "{err}");
}
