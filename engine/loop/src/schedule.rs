//! The order in which stages of a plan run, some of them side by side.
//!
//! A stage may begin when all that it needs have ended. Of those that may, the one that stands first in the plan begins, so
//! that a single lane runs the plan as it is written. Lanes share nothing that reaches a result: stages of different arms
//! read only what the stages before them committed.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex};

use coevo_scenarios::StageNode;

/// What a lane does after a stage.
pub enum Next {
    GoOn,
    /// No lane begins another stage; those under way come to their own end.
    Stop,
}

#[derive(Default)]
struct Board {
    begun: BTreeSet<usize>,
    ended: BTreeSet<usize>,
    stopped: bool,
}

impl Board {
    /// The stages that may begin, in the order of the plan.
    fn ready(&self, stages: &[StageNode]) -> impl Iterator<Item = usize> {
        let ended = |id: &String| self.ended.iter().any(|number| stages[*number].id == *id);
        (0..stages.len()).filter(move |number| !self.begun.contains(number) && stages[*number].needs.iter().all(ended))
    }

    /// Stages that are under way or may begin.
    fn abreast(&self, stages: &[StageNode]) -> usize {
        self.begun.len() - self.ended.len() + self.ready(stages).count()
    }
}

/// Runs all stages on `lanes` threads; `run` is given a stage and how many run side by side as it begins, itself included, and
/// says whether to go on.
pub fn run_all(stages: &[StageNode], lanes: usize, run: &(dyn Fn(&StageNode, usize) -> Next + Sync)) {
    let (board, changed) = (Mutex::new(Board::default()), Condvar::new());
    let lane = || {
        let mut seen = board.lock().expect("a lane does not panic");
        loop {
            if seen.stopped || seen.begun.len() == stages.len() {
                return;
            }
            let Some(number) = seen.ready(stages).next() else {
                seen = changed.wait(seen).expect("a lane does not panic");
                continue;
            };
            let abreast = seen.abreast(stages).clamp(1, lanes.max(1));
            seen.begun.insert(number);
            drop(seen);
            let next = run(&stages[number], abreast);
            seen = board.lock().expect("a lane does not panic");
            seen.ended.insert(number);
            seen.stopped |= matches!(next, Next::Stop);
            changed.notify_all();
        }
    };
    if lanes <= 1 {
        return lane();
    }
    std::thread::scope(|scope| {
        for _ in 0..lanes.min(stages.len()) {
            scope.spawn(lane);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_scenarios::StageKind;

    fn stage(id: &str, needs: &[&str]) -> StageNode {
        StageNode {
            id: id.to_owned(),
            kind: StageKind::Report,
            needs: needs.iter().map(|id| (*id).to_owned()).collect(),
            episodes: 0,
            sampled_tokens: 0,
        }
    }

    /// Runs the plan and returns `+id` for each beginning and `-id` for each end.
    fn log(stages: &[StageNode], lanes: usize, stop_after: &str) -> Vec<String> {
        let log = Mutex::new(Vec::new());
        run_all(stages, lanes, &|stage, _| {
            log.lock().expect("no panic").push(format!("+{}", stage.id));
            std::thread::sleep(std::time::Duration::from_millis(2));
            log.lock().expect("no panic").push(format!("-{}", stage.id));
            if stage.id == stop_after { Next::Stop } else { Next::GoOn }
        });
        log.into_inner().expect("no panic")
    }

    #[test]
    fn one_lane_keeps_the_order_and_several_keep_the_needs() {
        let stages =
            [stage("w", &[]), stage("a", &["w"]), stage("b", &["w"]), stage("c", &["a"]), stage("r", &["b", "c"])];
        assert_eq!(log(&stages, 1, "").concat(), "+w-w+a-a+b-b+c-c+r-r");
        for lanes in [2, 3, 9] {
            let log = log(&stages, lanes, "");
            assert_eq!(log.len(), 2 * stages.len(), "{log:?}");
            let at = |entry: &str| log.iter().position(|known| known == entry).expect("every stage ran");
            for stage in &stages {
                for need in &stage.needs {
                    assert!(at(&format!("-{need}")) < at(&format!("+{}", stage.id)), "{log:?}");
                }
            }
        }
    }

    #[test]
    fn a_stage_is_told_how_many_run_beside_it() {
        let stages =
            [stage("w", &[]), stage("a", &["w"]), stage("b", &["w"]), stage("c", &["w"]), stage("r", &["a", "b", "c"])];
        let told = |lanes| {
            let told = Mutex::new(Vec::new());
            run_all(&stages, lanes, &|stage, abreast| {
                told.lock().expect("no panic").push(format!("{}{abreast}", stage.id));
                std::thread::sleep(std::time::Duration::from_millis(2));
                Next::GoOn
            });
            let mut told = told.into_inner().expect("no panic");
            told.sort();
            told.join(" ")
        };
        assert_eq!(told(1), "a1 b1 c1 r1 w1");
        // Alone before and after, whatever the number of lanes.
        let told = told(2);
        assert!(told.starts_with("a2 b2 ") && told.ends_with(" r1 w1"), "{told}");
    }

    #[test]
    fn nothing_begins_after_a_stop() {
        let stages = [stage("a", &[]), stage("b", &["a"]), stage("c", &["b"])];
        assert_eq!(log(&stages, 1, "b").concat(), "+a-a+b-b");
        assert_eq!(log(&stages, 3, "b").concat(), "+a-a+b-b");
    }
}
