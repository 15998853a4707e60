//! The hostile suite: every export made to spin, hoard, trap, lie or flood, each ending as the right recorded fault or a
//! refusal at load, with the host's memory and time bounded. Components that no Rust guest can be are in `components`.

use std::time::Duration;

use coevo_core::episode::{Boundary, Ending, Fault, Verdict};
use coevo_core::task::{Task, UserMessage};
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, LoadError, verify};
use serde_json::Value;

use crate::common::{HOSTILE, env, hostile, key, peak_memory, play, sandbox, task, written_over};

/// Memory that the host may take for all the harm of this file together, beside what the guests themselves may have.
const HOST_MEMORY: u64 = 1 << 30;

/// Plays a call in the world of `mode`; the fault that it ends in.
fn after_a_call(mode: &str) -> Fault {
    let mut env = env(mode);
    env.next_turn().unwrap();
    env.step(r#"@add {"by":1}"#).expect_err(mode)
}

fn begun(task: &Task) -> Result<Env, Fault> {
    EvalEnv::new(hostile(), &task.public, key(), &Budgets::default()).map(Env::from)
}

/// A task whose user is made up by a guest of this mode.
fn with_user(mode: &str) -> Task {
    let mut task = task("");
    task.public.id = format!("user:{mode}");
    task.public.user_profile = format!(r#"{{"mode":"{mode}","patience":2}}"#);
    task.public.turns.iter_mut().for_each(|turn| turn.message = UserMessage::Simulated);
    task
}

#[track_caller]
fn check(mode: &str, fault: &Fault, boundary: Boundary, during: &str, says: &str) {
    assert_eq!(fault.boundary, boundary, "{mode}: {fault:?}");
    assert_eq!(fault.during, during, "{mode}: {fault:?}");
    assert!(fault.message.contains(says), "{mode}: {says:?} not in {:?}", fault.message);
}

#[test]
fn a_loop_in_any_export_runs_out_of_fuel() {
    let spent = |mode: &str, fault: &Fault, during: &str| check(mode, fault, Boundary::GuestFuel, during, "fuel");
    spent("spin", &after_a_call("spin"), "call add");
    spent("reset_spin", &begun(&task("reset_spin")).err().unwrap(), "reset");
    spent("hash_spin", &begun(&task("hash_spin")).err().unwrap(), "state-hash");
    spent("state_spin", &env("state_spin").state().unwrap_err(), "state");
    spent("reset_user_spin", &begun(&with_user("reset_user_spin")).err().unwrap(), "reset-user");
    spent("user_spin", &begun(&with_user("user_spin")).unwrap().next_turn().unwrap_err(), "next-user");
    spent("snapshot_spin", &env("snapshot_spin").fork().err().unwrap(), "snapshot");
    spent("restore_spin", &env("restore_spin").fork().err().unwrap(), "restore");
    spent("import spin", &hostile().import_task(r#"{"split":"spin"}"#).unwrap_err(), "import-task");
    let verdict = verify(hostile(), &task("verify_spin"), &[], key());
    let Verdict::Unscored(fault) = verdict else { panic!("{verdict:?}") };
    check("verify_spin", &fault, Boundary::Verifier, "verify", "GuestFuel: used up its fuel");
    let refused = baked("describe_spin");
    assert!(
        matches!(&refused, LoadError::Fault { during, message, .. } if during == "describe" && message.contains("fuel")),
        "{refused}"
    );
}

#[test]
fn what_a_guest_hoards_or_claims_is_bounded() {
    let before = peak_memory();
    let cases = [
        ("bomb", Boundary::GuestMemory, "bytes of memory"),
        ("recurse", Boundary::GuestMemory, "stack"),
        ("gigabyte", Boundary::GuestOutput, "out of bounds"),
        ("huge", Boundary::GuestOutput, "more than 1048576 bytes"),
        ("no_code", Boundary::GuestOutput, "no code"),
    ];
    for (mode, boundary, says) in cases {
        check(mode, &after_a_call(mode), boundary, "call add", says);
    }
    check("reset_bomb", &begun(&task("reset_bomb")).err().unwrap(), Boundary::GuestMemory, "reset", "bytes of memory");
    check(
        "state_gigabyte",
        &env("state_gigabyte").state().unwrap_err(),
        Boundary::GuestOutput,
        "state",
        "out of bounds",
    );
    let import = |split: &str| hostile().import_task(&format!(r#"{{"split":"{split}"}}"#)).unwrap_err();
    check("import bomb", &import("bomb"), Boundary::GuestMemory, "import-task", "bytes of memory");
    check("import gigabyte", &import("gigabyte"), Boundary::GuestOutput, "import-task", "out of bounds");
    // A thousand texts in one megabyte of the guest would be a gigabyte of the host.
    check("import same", &import("same_offered"), Boundary::GuestOutput, "import-task", "more than 16777216 bytes");
    check("import turns", &import("many_turns"), Boundary::GuestFuel, "import-task", "fuel");
    check(
        "state_huge",
        &env("state_huge").state().unwrap_err(),
        Boundary::GuestOutput,
        "state",
        "more than 16777216 bytes",
    );
    let asked = |mode: &str| begun(&with_user(mode)).unwrap().next_turn().unwrap_err();
    check("user_offers", &asked("user_offers"), Boundary::GuestOutput, "next-user", "more than 1048576 bytes");
    check("user_many", &asked("user_many"), Boundary::GuestOutput, "next-user", "calls: there are 1000, at most 64");
    // Each is allowed, and a record would hold them all.
    let budgets = Budgets { steps_per_turn: 40 };
    let mut bulky = Env::from(EvalEnv::new(hostile(), &task("bulky").public, key(), &budgets).unwrap());
    bulky.next_turn().unwrap();
    let fault = (0..20).find_map(|_| bulky.step(r#"@add {"by":1}"#).err()).expect("it is too much in the end");
    check("bulky", &fault, Boundary::GuestOutput, "call add", "results have more than 16777216 bytes");
    check("user_list", &asked("user_list"), Boundary::GuestMemory, "next-user", "bytes of memory");
    let judged = |mode: &str| match verify(hostile(), &task(mode), &[], key()) {
        Verdict::Unscored(fault) => fault,
        Verdict::Scored { .. } => panic!("{mode} was scored"),
    };
    check("verify_bomb", &judged("verify_bomb"), Boundary::Verifier, "verify", "GuestMemory: asked for");
    check(
        "verify_many",
        &judged("verify_many"),
        Boundary::Verifier,
        "verify",
        "100000 turns were judged, the task has 2",
    );
    check("verify_details", &judged("verify_details"), Boundary::Verifier, "verify", "more than 16777216 bytes");
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < HOST_MEMORY, "the host's memory grew by {} MiB", grown >> 20);
}

#[test]
fn what_grows_with_every_call_ends_its_own_episode() {
    let mut env = env("grows");
    env.next_turn().unwrap();
    let mut calls = 0;
    let fault = loop {
        match env.step(r#"@add {"by":1}"#) {
            Ok(reply) if reply.truncated.is_some() => panic!("nothing stopped it"),
            Ok(_) => calls += 1,
            Err(fault) => break fault,
        }
    };
    assert!(fault.boundary == Boundary::GuestMemory && (3..12).contains(&calls), "after {calls} calls: {fault:?}");
    assert_eq!(env.finish().turns[0].steps.len(), calls, "what was played is kept");
    // Its state is too much to show before that.
    let mut env = crate::common::env("grows");
    env.next_turn().unwrap();
    env.step(r#"@add {"by":1}"#).unwrap();
    assert!(env.state().is_ok());
    (0..4).for_each(|_| drop(env.step(r#"@add {"by":1}"#).unwrap()));
    check("grows", &env.state().unwrap_err(), Boundary::GuestMemory, "state", "bytes of memory");
}

#[test]
fn floods_of_the_host_are_cut_off() {
    for mode in ["random_flood", "clock_flood", "log_flood", "empty_log_flood"] {
        let fault = after_a_call(mode);
        check(mode, &fault, Boundary::GuestFuel, "call add", "asked more of the host than 100000 calls");
    }
    let refused = baked("describe_flood");
    assert!(refused.to_string().contains("asked more of the host"), "{refused}");
    // A flood that ends is no fault: its lines are counted and not kept.
    let record = play(env("flood"), &[&[r#"@add {"by":1}"#, "ok"], &["ok"]]);
    assert_eq!((record.ending, record.logs.dropped), (Ending::Terminated, 194));
}

#[test]
fn traps_and_lies_about_copies_harm_the_fork_only() {
    for (mode, boundary, during) in [
        ("snapshot_trap", Boundary::GuestTrap, "snapshot"),
        ("snapshot_huge", Boundary::GuestOutput, "snapshot"),
        ("restore_trap", Boundary::GuestTrap, "restore"),
    ] {
        // The episode itself plays: it begins by `reset`, since its snapshot was not found sound.
        let mut env = env(mode);
        env.next_turn().unwrap();
        env.step(r#"@add {"by":10}"#).unwrap();
        let fault = env.fork().err().expect(mode);
        check(mode, &fault, boundary, during, "");
        let alone = play(crate::common::env(mode), &[&[r#"@add {"by":10}"#, "ok"], &["ok"]]);
        assert_eq!(alone.ending, Ending::Terminated, "{mode}");
    }
    // Snapshots that are refused, or that forget, are found by the hash: the prefix is played again.
    for mode in ["lossy", "restore_error", "no_snapshot"] {
        let mut env = env(mode);
        env.next_turn().unwrap();
        env.step(r#"@note {"text":"kept"}"#).unwrap();
        let mut fork = env.fork().unwrap_or_else(|fault| panic!("{mode}: {fault:?}"));
        assert_eq!(fork.state().unwrap(), env.state().unwrap(), "{mode}");
    }
    check("hash_trap", &begun(&task("hash_trap")).err().unwrap(), Boundary::GuestTrap, "state-hash", "unreachable");
}

#[test]
fn simulated_users_that_misbehave_are_faults() {
    let asked = |mode: &str| begun(&with_user(mode)).and_then(|mut env| env.next_turn().map(drop)).expect_err(mode);
    check("user_trap", &asked("user_trap"), Boundary::GuestTrap, "next-user", "unreachable");
    check("user_silent", &asked("user_silent"), Boundary::GuestOutput, "next-user", "message is empty");
    check("user_calls", &asked("user_calls"), Boundary::GuestOutput, "next-user", "arguments of poke are no JSON");
    check("reset_user_error", &asked("reset_user_error"), Boundary::GuestOutput, "reset-user", "no such person");
}

/// The result of one call in the world of `mode`.
fn result(mode: &str, before: &[&str]) -> Value {
    let mut env = env(mode);
    env.next_turn().unwrap();
    for text in before.iter().chain(&[r#"@add {"by":1}"#]) {
        env.step(text).unwrap();
    }
    let step = env.turns().last().unwrap().steps.last().unwrap().clone();
    match step.outcome {
        coevo_core::episode::StepOutcome::Executed { result } => result,
        other => panic!("{mode}: {other:?}"),
    }
}

#[test]
fn nothing_of_another_instance_or_of_the_machine_can_be_read() {
    // Memory that nobody wrote is empty, also where an instance before left dirt in the same place.
    let clean = result("dirt", &[]);
    for _ in 0..40 {
        assert_eq!(result("dirt", &[]), clean);
    }
    // Numbers that are none have one form.
    let bits = result("nan", &[]);
    let canonical = [f64::from_bits(0x7ff8_0000_0000_0000).to_bits(); 5].map(Value::from);
    assert_eq!(bits["bits"].as_array().unwrap()[..5], canonical, "{bits}");
    assert_eq!(bits, result("nan", &[]));
    // The clock stands still inside a call.
    std::thread::sleep(Duration::from_millis(3));
    assert_eq!(result("clock", &[]), serde_json::json!({"first": 1, "last": 1}));
    // The hidden label is in no instance that the agent can call; the guest's own words are found, so the search works.
    let mut task = task("find_label");
    task.hidden.label = r#"{"canary":"CANARY-7c1f"}"#.to_owned();
    assert!(matches!(verify(hostile(), &task, &[], key()), Verdict::Scored { .. }));
    let found = result("find_label", &[r#"@add {"by":1}"#]);
    assert_eq!(found, serde_json::json!({"label": false, "own_text": true}));
}

/// The error of loading the hostile guest with a mode written into it.
fn baked(mode: &str) -> LoadError {
    let bytes = written_over(HOSTILE, "hostile-mode:", mode);
    EnvPlugin::from_bytes(sandbox(), mode, &bytes).err().unwrap_or_else(|| panic!("{mode} was loaded"))
}

#[test]
fn descriptions_that_would_hurt_the_host_are_refused() {
    let before = peak_memory();
    let cases: [(&str, &[&str]); 19] = [
        ("describe_bomb", &["describe failed", "bytes of memory"]),
        ("describe_recurse", &["describe failed", "stack"]),
        ("describe_trap", &["describe failed", "unreachable"]),
        ("describe_gigabyte", &["describe failed", "out of bounds"]),
        ("name_bytes", &["describe failed", "utf-8"]),
        ("same_categories", &["describe failed", "more than 16777216 bytes"]),
        ("long_categories", &["describe failed", "bytes of memory"]),
        ("many_tools", &["tools: there are 2000, at most 1024"]),
        ("many_codes", &["errors of a tool: there are 1000, at most 256"]),
        ("same_tools", &["describe failed", "more than 16777216 bytes"]),
        ("schema_deep", &["tool \"look\"", "arguments schema"]),
        ("schema_text", &["tool \"look\"", "no JSON"]),
        ("schema_wide", &["tool \"look\"", "at most 20000 values"]),
        ("schema_doubles", &["tool \"look\"", "nested deeper than 64"]),
        ("schema_itself", &["tool \"look\"", "refers to itself"]),
        ("schema_file", &["tool \"look\"", "file:///etc/passwd", "#/$defs/x"]),
        ("schema_network", &["tool \"look\"", "https://example.org", "#/$defs/x"]),
        ("schema_id", &["tool \"look\"", "$id is not supported"]),
        ("total_schemas", &["more than 200000 values together"]),
    ];
    for (mode, says) in cases {
        let text = baked(mode).to_string();
        assert!(text.starts_with(mode), "{text}");
        for needle in says {
            assert!(text.contains(needle), "{mode}: no {needle:?} in {text:?}");
        }
    }
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < HOST_MEMORY, "the host's memory grew by {} MiB", grown >> 20);
}

#[test]
fn a_pattern_made_to_be_slow_is_not() {
    let bytes = written_over(HOSTILE, "hostile-mode:", "schema_backtracks");
    let plugin = EnvPlugin::from_bytes(sandbox(), "slow", &bytes).unwrap();
    let mut task = task("").public;
    task.turns.iter_mut().for_each(|turn| turn.offered = vec!["look".to_owned()]);
    let mut env: Env = EvalEnv::new(&plugin, &task, key(), &Budgets::default()).unwrap().into();
    env.next_turn().unwrap();
    // Backtracking would take longer than the universe has.
    env.step(&format!(r#"@look {{"x":"{}b"}}"#, "a".repeat(5000))).unwrap();
    let step = env.turns().last().unwrap().steps.last().unwrap().clone();
    assert!(step.observation.starts_with("rejected: "), "{}", step.observation);
}
