//! Every command of `docs/debugging.md` works. They are run on a tiny run instead of the one in the text, with the episodes
//! and the step that it has.

mod common;

use std::process::Command;

use coevo_core::episode::Stage;
use coevo_trace::{EpisodeFilter, RunFile};
use common::{coevo, root, succeed, tiny};

#[test]
fn every_command_works() {
    let page = std::fs::read_to_string(root().join("docs/debugging.md")).expect("the page");
    let commands: Vec<&str> = blocks(&page, "```sh").flat_map(str::lines).collect();
    assert_eq!(commands.len(), 9, "the page says nine: {commands:#?}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = root().join("scenarios/quickstart.yaml");
    for command in commands {
        let (verb, _) = command.strip_prefix("coevo ").and_then(|rest| rest.split_once(' ')).expect("a verb");
        if verb == "run" {
            // The long one: the scenario takes these settings, and a tiny one takes its place.
            let dry = command.replace("scenarios/quickstart.yaml", scenario.to_str().expect("UTF-8")) + " --dry-run";
            shell(folder.path(), &dry);
            succeed(folder.path(), &["run", tiny(folder.path()), "--out", "runs/debugging"]);
            continue;
        }
        let (failing, twin) = twins(&folder.path().join("runs/debugging"));
        let command = command
            .replace("vanilla/r007/train/0361/0", &failing)
            .replace("coevo/r007/train/0361/0", &twin)
            .replace("--at 2.1 --skip 2", "--at 1.1 --skip 0");
        let mut said = shell(folder.path(), &command);
        if verb == "episodes" {
            // As it stands it finds nothing in so small a run.
            let wide = command
                .replace("round=7 and root_label=spurious_tool_call and category=miss_func", "round=2 and failed");
            assert_ne!(wide, command, "the page asks for something else");
            said = shell(folder.path(), &wide);
        }
        match verb {
            "table" => assert!(said.contains("Held-out test tasks"), "{said}"),
            "episodes" => assert!(said.contains("episode"), "{said}"),
            "replay" | "explain" | "fork" | "diff" => assert!(said.contains(&failing), "{command}\n{said}"),
            "report" => assert!(folder.path().join("runs/debugging/report.html").is_file()),
            other => panic!("`{other}` has no check: {command}"),
        }
    }
}

/// A failing episode of the plain arm's last round, and its twin.
fn twins(run: &std::path::Path) -> (String, String) {
    let file = RunFile::open_read_only(run).expect("a run");
    let failed = EpisodeFilter {
        arm: Some("vanilla".into()),
        stage: Some(Stage::Train),
        round: Some(2),
        max_reward: Some(0.5),
        ..EpisodeFilter::default()
    };
    let episode = file.episodes(&failed).expect("readable").remove(0).name;
    let twin = episode.replace("vanilla/", "coevo/");
    file.find_episode(&twin).expect("arms are paired");
    (episode, twin)
}

/// The contents of the blocks that begin with `fence`.
fn blocks<'a>(page: &'a str, fence: &'a str) -> impl Iterator<Item = &'a str> {
    let after = page.split(fence).skip(1);
    after.map(|rest| rest.trim_start_matches('\n').split("\n```").next().expect("its end"))
}

/// As a reader types it; insists on success.
fn shell(folder: &std::path::Path, command: &str) -> String {
    let program = coevo(folder).get_program().to_str().expect("UTF-8").to_owned();
    let command = command.replacen("coevo", &program, 1);
    let output = Command::new("sh").arg("-c").arg(&command).current_dir(folder).output().expect("a shell");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command}\n{said}\n{errors}");
    said.into_owned()
}
