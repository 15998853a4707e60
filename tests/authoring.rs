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
    /// From here on a WASM toolchain is needed.
    Toolchain,
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
            match comment[..end].strip_prefix("needs ") {
                Some("the WASM toolchain from here on") => out.push(Step::Toolchain),
                Some(verb) => out.push(Step::Verb(verb.strip_prefix("the verb: ").expect("a known comment"))),
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
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("authoring"))
        .output()
        .expect("sh runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.success(), text(&done.stdout) + &text(&done.stderr))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time from an empty folder to a run is shown")]
fn the_authoring_page_works_as_it_stands() {
    let page = std::fs::read_to_string(common::root().join("docs/authoring.md")).expect("the page is there");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (begun, mut skip) = (std::time::Instant::now(), false);
    let mut commands = 0;
    for step in steps(&page) {
        match step {
            Step::Toolchain => {
                if let Err(error) = Toolchain::find(folder.path()) {
                    println!("skipped from the first build on: {error}");
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
    assert!(commands >= 7, "{commands} blocks were run");
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
        (&["env", "new", "x", "--lang", "cobol"], "possible values: rust"),
    ];
    for (args, want) in cases {
        let (code, _, err) = common::run(folder.path(), args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(want), "{args:?}: {want:?} not in {err:?}");
    }
    let left: Vec<_> = folder.path().read_dir().expect("readable").map(|e| e.expect("readable").file_name()).collect();
    assert_eq!(left, ["full"]);
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
