//! A guest that traps, spins, hoards or lies harms its own episode and nothing else.

use crate::common::{env, hostile, key, play, task};
use coevo_core::episode::{Boundary, Ending, Turn, Verdict};
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, verify};

/// Plays one call in the world of `mode` and expects the episode to end in a fault.
#[test]
fn every_way_of_going_wrong_is_a_fault_of_its_boundary() {
    let cases = [
        ("trap", Boundary::GuestTrap, "unreachable"),
        ("spin", Boundary::GuestFuel, "fuel"),
        ("bomb", Boundary::GuestMemory, "bytes of memory"),
        ("recurse", Boundary::GuestMemory, "stack"),
        ("bad_json", Boundary::GuestOutput, "no JSON"),
        ("deep", Boundary::GuestOutput, "no JSON"),
        ("huge", Boundary::GuestOutput, "more than 1048576 bytes"),
        ("long_error", Boundary::GuestOutput, "more than 1048576 bytes"),
        ("bad_utf8", Boundary::GuestOutput, "utf-8"),
        ("bad_details", Boundary::GuestOutput, "details are no JSON"),
    ];
    for (mode, boundary, says) in cases {
        let mut env = env(mode);
        env.next_turn().unwrap();
        let fault = env.step(r#"@add {"by":1}"#).unwrap_err();
        assert_eq!(fault.boundary, boundary, "{mode}: {fault:?}");
        assert_eq!(fault.during, "call add", "{mode}");
        assert!(fault.message.contains(says), "{mode}: {says:?} not in {:?}", fault.message);
        // The episode is over, and the instance is not entered again.
        assert_eq!(env.step("Done.").unwrap_err(), fault, "{mode}");
        assert_eq!(env.next_turn().unwrap_err(), fault, "{mode}");
        assert!(env.state().is_err() && env.fork().is_err(), "{mode}");
        assert_eq!(env.finish().ending, Ending::Faulted(fault), "{mode}");
    }
    // The host is as it was.
    assert_eq!(play(env(""), &[&[r#"@add {"by":10}"#, "ok"], &["ok"]]).ending, Ending::Terminated);
}

#[test]
fn turns_before_a_trap_are_kept() {
    let record = play(env("trap_late"), &[&[r#"@add {"by":10}"#, "ok"], &[r#"@add {"by":1}"#]]);
    assert!(matches!(record.ending, Ending::Faulted(_)), "{:?}", record.ending);
    assert_eq!(record.turns.iter().map(|turn| turn.steps.len()).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn an_episode_that_cannot_begin_is_a_fault() {
    let cases = [("reset_error", Boundary::GuestOutput, "refused"), ("reset_trap", Boundary::GuestTrap, "unreachable")];
    for (mode, boundary, says) in cases {
        let fault = EvalEnv::new(hostile(), &task(mode).public, key(), &Budgets::default()).err().unwrap();
        assert_eq!(fault.boundary, boundary, "{fault:?}");
        assert!(fault.message.contains(says) && fault.during == "reset", "{fault:?}");
    }
    let mut env = env("bad_state");
    assert_eq!(env.state().unwrap_err().boundary, Boundary::GuestOutput);
}

#[test]
fn logs_are_bounded_and_counted() {
    let record = play(env("flood"), &[&[r#"@add {"by":1}"#, "ok"], &["ok"]]);
    assert_eq!(record.ending, Ending::Terminated);
    let kept: usize = record.logs.lines.iter().map(|line| line.message.len()).sum();
    assert!(kept <= 64 << 10 && record.logs.lines.len() == 6, "{kept} bytes in {} lines", record.logs.lines.len());
    assert_eq!(record.logs.dropped, 194);
}

#[test]
fn a_verifier_that_lies_leaves_the_episode_unscored() {
    let cases = [
        ("verify_nan", "reward NaN"),
        ("verify_range", "reward 1.5"),
        ("verify_short", "1 turns were judged, the task has 2"),
        ("verify_trap", "GuestTrap"),
        ("verify_spin", "GuestFuel"),
        ("verify_error", "cannot judge"),
    ];
    for (mode, says) in cases {
        match verify(hostile(), &task(mode), &[], key()) {
            Verdict::Unscored(fault) => {
                assert_eq!(fault.boundary, Boundary::Verifier, "{mode}");
                assert!(fault.message.contains(says), "{mode}: {says:?} not in {:?}", fault.message);
            }
            Verdict::Scored { .. } => panic!("{mode} was scored"),
        }
    }
    let judge = |turns: &[Turn]| verify(hostile(), &task(""), turns, key()).reward();
    assert_eq!(judge(&play(env(""), &[&[r#"@add {"by":10}"#, "ok"], &["ok"]]).turns), Some(1.0));
    assert_eq!(judge(&play(env(""), &[&[r#"@add {"by":11}"#, "ok"], &["ok"]]).turns), Some(0.0));
    assert_eq!(judge(&[]), Some(0.0));
}

#[test]
fn tasks_that_break_the_contract_are_faults() {
    let cases = [
        ("unknown_offered", "turns[1].offered: no tool \"fly\""),
        ("twice_offered", "turns[1].offered: tool \"add\" is there twice"),
        ("user_offered", "turns[1].offered: \"poke\" is a tool of the user"),
        ("short_reference", "3 turns but 2 reference turns"),
        ("no_turns", "turns: there are none"),
        ("bad_arguments", "reference[0].calls: arguments of add are no JSON object"),
        ("unknown_call", "reference[0].calls: no tool \"fly\""),
        ("trap", "unreachable"),
    ];
    for (split, says) in cases {
        let fault = hostile().import_task(&format!(r#"{{"split":"{split}"}}"#)).unwrap_err();
        assert!(fault.message.contains(says), "{split}: {says:?} not in {:?}", fault.message);
        assert_ne!(fault.boundary, Boundary::Host);
    }
    assert!(hostile().import_task(r#"{"split":"train"}"#).is_ok());
    let of =
        |split: &str, index| coevo_core::task::TaskRef { env: "hostile".into(), split: split.into(), index, seed: 3 };
    assert_eq!(hostile().task(&of("train", 1)).unwrap(), hostile().task(&of("train", 1)).unwrap());
    assert!(hostile().task(&of("train", 8)).unwrap_err().message.contains("has 8 tasks, no 8"));
    assert!(hostile().task(&of("tset", 0)).unwrap_err().message.contains("it has train"));
}

#[test]
fn a_thousand_episodes_live_at_once() {
    let mut envs: Vec<Env> = (0..1000).map(|_| env("")).collect();
    for env in &mut envs {
        env.next_turn().unwrap();
    }
    for (at, env) in envs.iter_mut().enumerate() {
        env.step(&format!(r#"@add {{"by":{}}}"#, at % 50)).unwrap();
    }
    for (at, env) in envs.iter_mut().enumerate() {
        assert_eq!(env.state().unwrap()["counter"], at % 50);
    }
}

#[test]
fn too_many_live_episodes_are_a_host_fault() {
    let limits = coevo_envs::SandboxLimits { live_instances: 4, ..crate::common::limits() };
    let sandbox = coevo_envs::Sandbox::with_cache(limits, None).unwrap();
    let plugin = EnvPlugin::from_bytes(&sandbox, "hostile", crate::common::HOSTILE).unwrap();
    let begin = || EvalEnv::new(&plugin, &task("").public, key(), &Budgets::default());
    let alive: Vec<_> = (0..4).map(|_| begin().unwrap()).collect();
    let fault = begin().err().unwrap();
    assert_eq!(fault.boundary, Boundary::Host);
    assert!(fault.message.contains("live_instances"), "{fault:?}");
    drop(alive);
    assert!(begin().is_ok());
}
