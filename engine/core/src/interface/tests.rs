//! The shipped table, evolution over rounds, and the leak audit.

mod evolution;
mod leaks;

use serde_json::json;

use super::*;
use crate::fixture::spec;

fn texts(config: &EvolutionConfig) -> Vec<String> {
    let line = |cue: Cue| format!("{} {:?} {}: {}", cue.rule, cue.phi, cue.target, cue.text);
    possible_cues(&spec(), config).into_iter().map(line).collect()
}

#[test]
fn every_cue_the_shipped_rules_can_show() {
    let expected = "\
schema_argument Schema find.city: city: required
schema_argument Schema book.quote: quote: required, quote id q#a
schema_argument Schema book.card: card: required, visa|amex
schema_argument Schema book.bags: bags: integer 1..3
schema_argument Schema cancel.booking: booking: required
call_form Schema all tools: a call is @name {\"argument\":value} on one line
preconditions Schema book: The card is held.
preconditions Schema cancel: It is not cancelled.
affordance Schema all tools: use the tools for every lookup and every change, then answer
affordance_tool Schema find: when this is asked for, call it, do not just say so
affordance_tool Schema book: when this is asked for, call it, do not just say so
affordance_tool Schema cancel: when this is asked for, call it, do not just say so
hint_call Err all tools: then call again
hint_argument Err find: then call again
hint_argument Err book: then call again
hint_argument Err cancel: then call again
hint_recover Err find: fix this first
hint_recover Err book: fix this first
hint_recover Err cancel: fix this first
abstain Cap all tools: if no listed tool fits or a value is missing, ask instead of calling
state_facts Cap all tools: state the requested facts in the answer
recover Cap all tools: after an error, change the call and try again
finish Cap all tools: answer as soon as the request is done";
    assert_eq!(texts(&EvolutionConfig::default()), expected.lines().collect::<Vec<_>>());
}

#[test]
fn every_placeholder_stands_for_something() {
    let texts = |scope, text: &str| {
        let rule = Rule { scope, text: text.to_owned(), max_words: 50, phi: Phi::Schema, ..default_rules().remove(0) };
        let config = EvolutionConfig { rules: vec![rule], ..EvolutionConfig::default() };
        assert_eq!(config.problems(), [], "{text}");
        possible_cues(&spec(), &config).into_iter().map(|cue| cue.text).collect::<Vec<_>>()
    };
    assert_eq!(texts(Scope::Global, "of {tools}: {form}"), ["of find, book, cancel: @name {\"argument\":value}"]);
    // `find` has no pre-condition, `cancel` no constraint: such cues are not shown.
    assert_eq!(
        texts(Scope::Tool, "{tool} ({description}) wants {required} where {constraints}; {preconditions}"),
        [
            "book (book a quote) wants quote, card where quote: quote id q#a; card: visa|amex; bags: integer 1..3; The card is held."
        ]
    );
    assert_eq!(
        texts(Scope::Argument, "{tool}.{argument} {constraint} {preconditions}")[3],
        "cancel.booking required It is not cancelled."
    );
}

#[test]
fn only_the_enabled_phis_are_possible() {
    for phi in [Phi::Schema, Phi::Err, Phi::Cap] {
        let config = EvolutionConfig { phis: vec![phi], ..EvolutionConfig::default() };
        let cues = possible_cues(&spec(), &config);
        assert!(!cues.is_empty() && cues.iter().all(|cue| cue.phi == phi), "{phi:?}");
    }
}

#[test]
fn the_shipped_table_has_no_problems_and_others_are_named() {
    assert_eq!(EvolutionConfig::default().problems(), []);
    let check = |change: fn(&mut EvolutionConfig), expected: &[&str]| {
        let mut config = EvolutionConfig::default();
        change(&mut config);
        let paths: Vec<String> = config.problems().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, expected);
    };
    check(|c| c.rules[1].id = c.rules[0].id.clone(), &["rules[1].id"]);
    check(|c| c.rules[0].off.prevalence = 0.10, &["rules[0].off.prevalence"]);
    check(|c| c.rules[0].on.prevalence = 1.5, &["rules[0].on.prevalence"]);
    check(|c| c.rules[2].triggers.clear(), &["rules[2].triggers"]);
    check(|c| c.rules[1].text = "see {constraint} {form}".to_owned(), &["rules[1].text"]);
    check(|c| c.rules[8].scope = Scope::Tool, &["rules[8].scope"]);
    check(|c| c.rules[8].max_words = 0, &["rules[8].max_words"]);
    check(|c| c.revert_unhelpful.after_rounds = 0, &["revert_unhelpful.after_rounds"]);
}

#[test]
fn configs_reject_unknown_keys_and_fill_in_the_rest() {
    let config: EvolutionConfig = serde_json::from_value(json!({"word_budget": 7})).expect("parses");
    assert_eq!(config, EvolutionConfig { word_budget: 7, ..EvolutionConfig::default() });
    for bad in [json!({"budget": 7}), json!({"phis": ["schema", "style"]}), json!({"rules": [{"id": "x"}]})] {
        assert!(serde_json::from_value::<EvolutionConfig>(bad.clone()).is_err(), "{bad}");
    }
    let schema = serde_json::to_string(&schemars::schema_for!(EvolutionConfig)).expect("a schema");
    assert!(schema.contains("max_guidelines") && schema.contains("\"additionalProperties\":false"));
}

#[test]
fn an_interface_survives_its_record_and_keeps_its_address() {
    let interface = Interface::new(possible_cues(&spec(), &EvolutionConfig::default()));
    let json = serde_json::to_string(&interface).expect("serializes");
    assert_eq!(serde_json::from_str::<Interface>(&json).expect("parses"), interface);
    assert!(Interface::base().is_base() && !interface.is_base());
    // The address of the untouched environment is part of every run file: it must not change unnoticed.
    assert_eq!(Interface::base().id().as_str(), ContentId::of_bytes(b"[]").as_str());
}
