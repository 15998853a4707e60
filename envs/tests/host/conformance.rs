//! The conformance kit finds each fault that it claims to find, passes what is sound, and every shipped environment.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use coevo_core::id::ContentId;
use coevo_envs::conformance::{Check, Elsewhere, Options, Outcome, Report, check, check_source, transcript};
use coevo_envs::{EnvPlugin, EnvSource, SHIPPED, Sandbox, SandboxLimits};

use crate::common::written_over;

const FAULTY: &[u8] = include_bytes!("../guests/faulty/faulty.wasm");

/// Tight limits, so that going over them is quick.
fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let limits = SandboxLimits {
        fuel_per_call: 10_000_000,
        fuel_per_task: 20_000_000,
        memory_bytes: 8 << 20,
        live_instances: 64,
        ..SandboxLimits::default()
    };
    SANDBOX.get_or_init(|| Sandbox::with_cache(limits, None).unwrap())
}

fn faulty() -> &'static EnvPlugin {
    static PLUGIN: OnceLock<EnvPlugin> = OnceLock::new();
    PLUGIN.get_or_init(|| EnvPlugin::from_bytes(sandbox(), "faulty", FAULTY).unwrap())
}

/// The seed of the tasks with this fault: the guest's own hash of its name.
fn seed(fault: &str) -> u64 {
    fault.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn report(fault: &str) -> Report {
    check(faulty(), &Options { tasks: 3, seed: seed(fault) }, None, &mut |_| ())
}

/// Insists that the check called `name` failed, and that its findings say `needle`.
#[track_caller]
fn found(fault: &str, report: &Report, name: &str, needle: &str) {
    let check: &Check = report.checks.iter().find(|check| check.name == name).unwrap();
    let text = format!("{:#?}", check.findings);
    assert_eq!(
        check.outcome,
        Outcome::Failed,
        "{fault}: {name} passed; failed were {:?}",
        report.failed().collect::<Vec<_>>()
    );
    assert!(text.contains(needle), "{fault}: no {needle:?} in {text}");
    assert!(check.findings.iter().all(|f| !f.place.is_empty() && !f.value.is_empty() && !f.fix.is_empty()), "{text}");
}

#[test]
fn each_planted_fault_is_found_by_the_check_that_claims_to() {
    let cases = [
        ("generate_counts", "tasks", "has made other tasks before"),
        ("generates_anything", "tasks", "gives a task"),
        ("generate_spins", "tasks", "fuel"),
        ("scenario_shared", "tasks", "is also in split"),
        ("reference_withheld", "reference", "NotOffered"),
        ("fails_the_reference", "reference", "the reference earns 0"),
        ("passes_silence", "do nothing", "is solved by silence"),
        ("passes_anything", "random", "random episodes are solved"),
        ("passes_nothing", "verifier", "earns the full reward"),
        ("verify_traps", "verifier", "unreachable"),
        ("verifies_first_turn", "verifier", "earns the full reward"),
        ("counts_calls", "verifier", "two calls swapped"),
        ("counts_calls", "verifier", "an argument altered"),
        ("ignores_extra", "verifier", "an extra call"),
        ("result_type", "results", "`count` has the wrong type"),
        ("undeclared_error", "error codes", "\\\"nothing_there\\\""),
        ("look_mutates", "effects", "changed the state, and look is not declared to"),
        ("error_mutates", "effects", "failed with \\\"not_enough\\\", and changed the state"),
        ("hash_constant", "state hash", "two different states"),
        ("hash_partial", "state hash", "two different states"),
        ("hash_of_more", "state hash", "one state has the hashes"),
        ("observed", "determinism", "without reading the state"),
        ("lossy", "snapshots", "restored to another state"),
        ("lossy_later", "snapshots", "without the copy"),
        ("snapshot_differs", "snapshots", "other snapshot bytes"),
        ("restore_merges", "snapshots", "a used instance"),
        ("restore_accepts", "snapshots", "without its last byte is restored"),
        ("restore_traps", "snapshots", "a cut snapshot"),
        ("unicode_trap", "odd calls", "unreachable"),
        ("long_trap", "odd calls", "unreachable"),
        ("big_number", "odd calls", "unreachable"),
        ("spins", "bounds", "used up its fuel"),
        ("hoards", "bounds", "bytes of memory"),
        ("label_in_error", "hidden label", "shows the label"),
        ("label_in_state", "hidden label", "initial-state"),
        ("label_in_user", "hidden label", "shows the reference call"),
    ];
    let mut reports: BTreeMap<&str, Report> = BTreeMap::new();
    for (fault, name, needle) in cases {
        let report = reports.entry(fault).or_insert_with(|| report(fault));
        found(fault, report, name, needle);
        assert!(!report.passed());
    }
}

/// The component with a fault in its description: there is no seed to carry it.
fn described(fault: &str) -> Vec<u8> {
    written_over(FAULTY, "planted-fault:", fault)
}

#[test]
fn faults_of_the_description_are_found() {
    let cases = [
        ("no_description", "tool put, description", "is empty"),
        ("arguments_no_object", "tool look, arguments", "its type is"),
        ("required_unknown", "tool look, arguments", "itme"),
        ("error_code_form", "tool take, errors", "Not Enough!"),
        ("no_tasks", "split train", "has no tasks"),
        ("bad_schema", "describe", "objekt"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (fault, place, needle) in cases {
        let path = folder.path().join(format!("{fault}.wasm"));
        std::fs::write(&path, described(fault)).unwrap();
        let options = Options { tasks: 1, seed: 0 };
        let report = check_source(sandbox(), &EnvSource::Path(path), &options, None, &mut |_| ()).unwrap();
        found(fault, &report, "description", needle);
        found(fault, &report, "description", place);
    }
    let absent = EnvSource::Path(folder.path().join("absent.wasm"));
    assert!(check_source(sandbox(), &absent, &Options::default(), None, &mut |_| ()).is_err());
}

#[test]
fn a_sound_environment_passes_and_says_what_it_could_not_try() {
    let sound = report("sound");
    assert!(sound.passed(), "{:#?}", sound.checks.iter().filter(|c| c.outcome == Outcome::Failed).collect::<Vec<_>>());
    assert!(sound.checks.iter().all(|check| check.outcome == Outcome::Passed), "{sound:#?}");
    assert_eq!(sound.tasks, 6);

    let without = report("no_snapshot");
    assert!(without.passed());
    let snapshots = without.checks.iter().find(|check| check.name == "snapshots").unwrap();
    assert_eq!(snapshots.outcome, Outcome::NotTried);
    assert!(snapshots.tried.contains("this environment has none"), "{}", snapshots.tried);

    let never = EnvPlugin::from_bytes(sandbox(), "never", &described("error_never")).unwrap();
    let never = check(&never, &Options { tasks: 3, seed: 1 }, None, &mut |_| ());
    let codes = never.checks.iter().find(|check| check.name == "error codes").unwrap();
    assert!(codes.outcome == Outcome::Passed && codes.tried == "3 of 4 declared codes provoked", "{codes:?}");
    assert_eq!(codes.notes, ["never provoked (1): clear: struck_by_lightning"]);
}

#[test]
fn another_process_that_differs_is_found() {
    let options = Options { tasks: 2, seed: seed("sound") };
    let run = |ask: Elsewhere<'_>| check(faulty(), &options, Some(ask), &mut |_| ());
    assert!(run(&|| Ok(transcript(faulty(), &options))).passed());
    let altered = || {
        let mut there = transcript(faulty(), &options);
        *there.values_mut().next().unwrap() = ContentId::of_bytes(b"another world");
        Ok(there)
    };
    found("altered", &run(&altered), "determinism", "in another process");
    found("silent", &run(&|| Err("it crashed".to_owned())), "determinism", "it crashed");
}

#[test]
fn every_shipped_environment_passes() {
    let limits = SandboxLimits { live_instances: 64, ..SandboxLimits::default() };
    let sandbox = Sandbox::new(limits).unwrap();
    for (name, _) in SHIPPED {
        let source = EnvSource::Shipped((*name).to_owned());
        // An environment whose tasks are all imported has none to check by itself.
        if EnvPlugin::load(&sandbox, &source).unwrap().spec().splits.is_empty() {
            continue;
        }
        let report = check_source(&sandbox, &source, &Options { tasks: 2, seed: 3 }, None, &mut |_| ()).unwrap();
        let failed: Vec<_> = report.checks.iter().filter(|check| check.outcome == Outcome::Failed).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
    }
}
