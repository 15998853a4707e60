//! `coevo env play` from a pipe: calls, differences, undo, hints, verdicts, and what it says of mistakes.

mod common;

use std::io::Write as _;
use std::process::Stdio;

/// Plays `lines` on a task of a shipped environment and returns what was printed.
fn play(args: &[&str], lines: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = common::coevo(folder.path());
    command.args(["env", "play"]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// Each of `wanted` is in the output, in this order.
fn check(output: &str, wanted: &[&str]) {
    let mut rest = output;
    for want in wanted {
        let Some(at) = rest.find(want) else { panic!("{want:?} is not in the rest of:\n{output}") };
        rest = &rest[at + want.len()..];
    }
}

#[test]
fn following_the_reference_earns_the_reward() {
    for env in ["travel", "helpdesk"] {
        let lines = ":follow\n".repeat(40) + ":verify\n";
        check(
            &play(&[env, "--task", "1"], &lines),
            &["user: ", "tools: ", "→ ", ":answer ", "the task is over", "reward 1\n", "turn 1: passed"],
        );
    }
}

#[test]
fn an_undone_call_leaves_no_trace() {
    let lines = "set_budget 500\n:state budget\n:undo\n:state budget\n:undo\n:log\n";
    let output = play(&["travel"], lines);
    check(
        &output,
        &[
            "turn 1> set_budget 500",
            "→ {\"budget\":500",
            "~ ",
            "taken back: @set_budget {\"amount\":500}",
            "nothing to take back",
        ],
    );
    let states: Vec<&str> =
        output.split("> :state budget\n").skip(1).map(|part| part.lines().next().unwrap_or("")).collect();
    assert!(states.len() == 2 && states[0] != states[1], "{output}");
    assert!(output.trim_end().ends_with("> :log"), "an undone call is still in the log:\n{output}");
}

#[test]
fn mistakes_are_met_with_what_to_write() {
    let lines = "find_airprt Rome\nfind_airport town=Rome\nfind_airport {\"town\": 1}\nset_budget many\n:hepl\n:answer\nadd_bag b9 3\n:help add_bag\n";
    check(
        &play(&["travel"], lines),
        &[
            "no tool `find_airprt`; did you mean `find_airport`?",
            "find_airport has no argument `town`; it is find_airport(city)",
            "→ not run: ",
            "it is find_airport(city)",
            "→ not run: ",
            "no command `:hepl`; did you mean `:help`?",
            "`:answer TEXT`",
            "→ error unknown_booking",
            "add_bag(booking, bags): add bags to a booking",
            "rule: A booking has at most 3 bags.",
            "error bag_limit: more than 3 bags",
            "may change the state",
        ],
    );
}

#[test]
fn tasks_can_be_chosen_and_begun_again() {
    let output = play(
        &["travel", "--split", "dev", "--task", "5"],
        ":follow\n:reset\n:hint\n:task 6\n:task 600\n:task x\n:task\n",
    );
    check(
        &output,
        &[
            "task 5 of dev",
            ":answer ",
            "task 5 of dev",
            "the reference ",
            "task 6 of dev",
            "has 100 tasks, no 600",
            "\"x\" is no number",
            "user: ",
        ],
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, _, err) = common::run(folder.path(), &["env", "play", "travel", "--split", "nope"]);
    assert!(code == 2 && err.contains("has no split \"nope\"; it has train, dev, test"), "{code} {err}");
}
