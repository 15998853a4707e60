//! The terminal view, driven in tmux as a person would: open, jump to the first failure, fork with a substituted call, see
//! the branch pass. What tmux is not needed for is tested without it.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use coevo_core::episode::{Parsed, StepOutcome};
use coevo_core::protocol::split_thoughts;
use coevo_trace::{EpisodeFilter, RunFile};
use common::{run, succeed, tiny};

/// A run with an oracle episode in which one call was spoilt.
struct Planted {
    folder: tempfile::TempDir,
    /// The branch with the spoilt call.
    episode: String,
    /// Turn and step of it, from 1.
    turn: usize,
    step: usize,
    /// What the oracle wrote there, and the tool it called.
    right: String,
    tool: String,
    /// What the turn was labelled for it.
    label: String,
}

fn planted() -> Planted {
    let folder = tempfile::tempdir().expect("a temporary folder");
    succeed(folder.path(), &["run", tiny(folder.path()), "--out", "run", "--set", "learner.rounds=1"]);
    let file = RunFile::open_read_only(&folder.path().join("run")).expect("a run");
    let solved = EpisodeFilter { arm: Some("warm-start".into()), min_reward: Some(1.0), ..EpisodeFilter::default() };
    for summary in file.episodes(&solved).expect("readable") {
        let record = file.record(&summary).expect("sound");
        for (at, turn) in record.episode.turns.iter().enumerate() {
            let mut hash = turn.state_hash_before;
            for (number, step) in turn.steps.iter().enumerate() {
                let changed = std::mem::replace(&mut hash, step.state_hash) != step.state_hash;
                if let (Parsed::Call(call), StepOutcome::Executed { .. }, true) = (&step.parsed, &step.outcome, changed)
                {
                    let (turn, step_number) = (at + 1, number + 1);
                    let place = format!("{turn}.{step_number}");
                    let spoilt = format!("@{} {{}}", call.name);
                    let args = ["fork", "run", &summary.name, "--at", &place, "--call", &spoilt, "--agent", "recorded"];
                    let said = succeed(folder.path(), &args);
                    let episode = format!("{}~1", summary.name);
                    assert!(said.contains(&format!("kept as {episode}")), "{said}");
                    let (right, tool) = (split_thoughts(&step.text).1.to_owned(), call.name.clone());
                    let branch = file.record_of(&episode).expect("it was kept").1;
                    let label = branch.diagnosis.expect("scored").turns[at].label.name().to_owned();
                    return Planted { episode, turn, step: step_number, right, tool, label, folder };
                }
            }
        }
    }
    panic!("no oracle episode changes a state")
}

/// A tmux of the test's own, with `coevo replay` in it.
struct Tmux {
    socket: String,
}

impl Tmux {
    fn open(folder: &Path, socket: &str, (width, height): (u32, u32), args: &[&str]) -> Self {
        let tmux = Self { socket: format!("coevo-{socket}-{}", std::process::id()) };
        let (width, height) = (width.to_string(), height.to_string());
        let mut command = Command::new("tmux");
        command.current_dir(folder).args(["-L", &tmux.socket, "-f", "/dev/null", "new-session", "-d"]);
        command.args(["-x", &width, "-y", &height, env!("CARGO_BIN_EXE_coevo")]).args(args);
        assert!(command.status().expect("tmux runs").success());
        tmux
    }

    fn tmux(&self, args: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.socket]).args(args).output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "-t", "0"], keys].concat());
    }

    /// Waits until the screen says all of `wanted`.
    #[track_caller]
    fn sees(&self, wanted: &[&str]) -> String {
        let mut screen = String::new();
        for _ in 0..300 {
            screen = self.tmux(&["capture-pane", "-p", "-t", "0"]);
            if wanted.iter().all(|text| screen.contains(text)) {
                return screen;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the screen does not say {wanted:?}:\n{screen}")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn time_travel_forks_an_episode_until_it_passes() {
    let planted = planted();
    text(&planted);
    if Command::new("tmux").arg("-V").output().is_err() {
        eprintln!("no tmux here: the terminal view is not driven");
        return;
    }
    small(&planted);
    large(&planted);
}

/// The same walk as plain text.
fn text(planted: &Planted) {
    let Planted { folder, episode, turn, step, tool, .. } = planted;
    let all = succeed(folder.path(), &["replay", "run", episode, "--print"]);
    assert!(all.contains(&format!("=== turn {turn}, step {step}")), "{all}");
    for section in ["--- conversation", "--- step", "--- state", "--- diagnosis", "the recorded hash"] {
        assert!(all.contains(section), "{section}");
    }
    assert!(!all.contains("NOT re-executed"), "{all}");
    let stopped = succeed(folder.path(), &["replay", "run", episode, "--print", "--break", &format!("tool={tool}")]);
    assert!(stopped.contains(&format!("=== turn {turn}, step {step}")) && stopped.len() < all.len());
    // An error of the user's own.
    let (code, _, err) = run(folder.path(), &["replay", "run", episode, "--break", "label=wrong"]);
    assert!(code == 2 && err.contains("there is no label `wrong`"), "{err}");
}

fn small(planted: &Planted) {
    let Planted { folder, episode, turn, step, right, label, .. } = planted;
    let tmux = Tmux::open(folder.path(), "small", (80, 24), &["replay", "run", episode]);
    tmux.sees(&["turn 1, the user speaks", "reward 0", "1 conversation"]);
    tmux.keys(&["?"]);
    tmux.sees(&["first failing turn", "any key closes this"]);
    tmux.keys(&["Escape"]);
    tmux.keys(&["L"]);
    tmux.sees(&["next label:"]);
    tmux.keys(&["-l", &label[..label.len() - 3]]);
    tmux.keys(&["Enter"]);
    tmux.sees(&[&format!("turn {turn}, the user speaks"), label]);
    tmux.keys(&["L", "C-u"]);
    tmux.keys(&["-l", "truncated"]);
    tmux.keys(&["Enter"]);
    tmux.sees(&["no turn of this episode is labelled truncated"]);
    tmux.keys(&["g", "f"]);
    tmux.sees(&[&format!("turn {turn}, the user speaks")]);
    for _ in 0..*step {
        tmux.keys(&["Right"]);
    }
    tmux.sees(&[&format!("turn {turn}, step {step}")]);
    tmux.keys(&["2"]);
    tmux.sees(&["rejected", "re-executed: the recorded hash"]);
    tmux.keys(&["4"]);
    tmux.sees(&["label", "cause"]);
    tmux.keys(&["c"]);
    tmux.sees(&["play instead: @"]);
    tmux.keys(&["C-u"]);
    tmux.keys(&["-l", right]);
    tmux.keys(&["Enter"]);
    let branch = episode.replace("~1", "~2");
    tmux.sees(&[" PASS ", &format!("kept as {branch}")]);
    tmux.keys(&["u"]);
    tmux.sees(&["reward 0"]);
    tmux.keys(&["q"]);
    let listed = succeed(folder.path(), &["fork", "run", episode.trim_end_matches("~1"), "--list"]);
    assert!(listed.contains("~2") && listed.contains("reward 1"), "{listed}");
}

fn large(planted: &Planted) {
    let Planted { folder, episode, turn, tool, .. } = planted;
    let at = format!("tool={tool}");
    let tmux = Tmux::open(folder.path(), "large", (200, 60), &["replay", "run", episode, "--break", &at]);
    let panes = ["1 conversation", "2 step", "3 state", "4 diagnosis", "5 tokens"];
    let screen = tmux.sees(&[&panes[..], &["search_flights(from, to, date)"]].concat());
    assert!(screen.contains(", step "), "it begins at the breakpoint:\n{screen}");
    tmux.keys(&["f", "Right"]);
    tmux.sees(&[&format!("turn {turn}, step 1")]);
    tmux.keys(&["o"]);
    tmux.sees(&[" PASS "]);
    tmux.keys(&["u"]);
    tmux.keys(&["/"]);
    tmux.sees(&["search:"]);
    tmux.keys(&["-l", "nowhere to be found"]);
    tmux.keys(&["Enter"]);
    tmux.sees(&["nothing says `nowhere to be found`"]);
}
