//! Every estimator against PyTorch's numbers (`benches/peers/losses.py` makes `parity.json`), on the same groups.

use serde_json::Value;

use super::estimate::unweighted;
use super::tests::of;
use super::*;
use crate::diagnose::Diagnosis;

const PASS: Label = Label::Outcome(Outcome::Pass);
const STATE: Label = Label::Failure(Failure::StateMismatch);

#[test]
fn estimators_agree_with_pytorch() {
    let stored: Value = serde_json::from_str(include_str!("parity.json")).expect("the script writes JSON");
    let groups = stored["groups"].as_array().expect("groups");
    let mut compared = 0;
    for case in stored["cases"].as_array().expect("cases") {
        let config: AdvantageConfig = serde_json::from_value(case["options"].clone()).expect("options of a scenario");
        for (group, expected) in groups.iter().zip(case["expected"].as_array().expect("expected")) {
            let place = format!("{} of {}", case["name"], group["name"]);
            let members = group["members"].as_array().expect("members");
            let diagnoses: Vec<Diagnosis> = members.iter().map(diagnosis_of).collect();
            let group: Vec<GroupMember<'_>> = members.iter().zip(&diagnoses).map(member_of).collect();
            for ((got, expected), member) in
                unweighted(&group, &config).iter().zip(expected.as_array().expect("members")).zip(&group)
            {
                let Some(got) = got else {
                    assert!(expected.is_null(), "{place}: a fault");
                    continue;
                };
                let steps: Vec<f64> = got.steps.iter().flatten().map(|step| step.advantage).collect();
                assert_eq!(steps.len(), if config.credit == Credit::Step { member.steps.len() } else { 0 }, "{place}");
                near(&[got.advantage], &Value::Array(vec![expected["episode"].clone()]), &place);
                near(&got.turns, &expected["turns"], &place);
                near(&steps, &expected["steps"], &place);
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "only {compared} members were compared");
}

fn near(got: &[f64], expected: &Value, place: &str) {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).expect("numbers");
    assert_eq!(got.len(), expected.len(), "{place}: {got:?} {expected:?}");
    for (got, expected) in got.iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-7, "{place}: {got} is not PyTorch's {expected}");
    }
}

fn diagnosis_of(member: &Value) -> Diagnosis {
    let passed: Vec<bool> = serde_json::from_value(member["passed"].clone()).expect("flags");
    of(&passed.into_iter().map(|passed| if passed { PASS } else { STATE }).collect::<Vec<_>>())
}

fn member_of<'a>((member, diagnosis): (&Value, &'a Diagnosis)) -> GroupMember<'a> {
    let reward = member["reward"].as_f64();
    let visit = |step: &Value| StepVisit {
        turn: step["turn"].as_u64().expect("a turn") as usize,
        state: step["state"].as_u64().expect("a state"),
        reward: step["reward"].as_f64().expect("a reward"),
        tokens: 1,
    };
    GroupMember {
        reward,
        diagnosis: reward.map(|_| diagnosis),
        turn_tokens: Vec::new(),
        from: 0,
        steps: member["steps"].as_array().expect("steps").iter().map(visit).collect(),
    }
}
