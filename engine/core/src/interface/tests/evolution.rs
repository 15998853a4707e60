//! Cues come, fade, are taken back, within their budgets.

use proptest::prelude::*;

use crate::diagnose::Diagnosis;
use crate::episode::Episode;
use crate::fixture::{diagnosis, episode, labelled, spec};
use crate::interface::*;
use crate::label::{Label, Outcome};
use crate::profile::{Profile, ProfileConfig, assess};

/// One turn of every hundred: what share of them call `book` and get its card wrong, and fail for want of a call.
#[derive(Clone, Copy, Debug)]
struct Shares {
    card: u32,
    missing: u32,
}

fn round_of(shares: Shares) -> Vec<Diagnosis> {
    let wrong = [(Failure::ArgumentMismatch, "book", None), (Failure::ArgumentMismatch, "book", Some("card"))];
    (0..100)
        .map(|i| {
            let failed = i < shares.card.max(shares.missing);
            let label = match failed {
                true if i < shares.missing => Label::Failure(Failure::MissingToolCall),
                true => Label::Failure(Failure::ArgumentMismatch),
                false => Label::Outcome(Outcome::Pass),
            };
            diagnosis(vec![labelled(label, &["book"], if i < shares.card { &wrong } else { &[] })])
        })
        .collect()
}

/// `profile` after a round of such turns.
fn assessed(profile: &Profile, shares: Shares, round: u32) -> Profile {
    let (diagnoses, episode) = (round_of(shares), episode(vec![]));
    let scored: Vec<(&Diagnosis, &Episode, f64)> =
        diagnoses.iter().map(|found| (found, &episode, f64::from(u8::from(found.first_failing.is_none())))).collect();
    assess(profile, &scored, round)
}

struct Run {
    config: EvolutionConfig,
    state: EvolutionState,
    profile: Profile,
    round: u32,
}

impl Run {
    fn new(config: EvolutionConfig) -> Self {
        let state = EvolutionState::initial(&spec(), &config);
        Self { config, state, profile: Profile::new(&ProfileConfig::default()), round: 0 }
    }

    fn play(&mut self, shares: Shares) -> &EvolutionState {
        self.profile = assessed(&self.profile, shares, self.round);
        self.state = evolve(&self.state, &self.profile, Comparison::Before, &spec(), &self.config, self.round);
        self.round += 1;
        &self.state
    }

    /// `+` came, `-` faded, `!` reverted, with rule and round.
    fn history(&self, rule: &str) -> String {
        let nodes = self.state.lineage.iter().filter(|node| node.cue.rule == rule);
        let sign = |mutation| match mutation {
            Mutation::Added => '+',
            Mutation::Faded => '-',
            Mutation::Reverted => '!',
        };
        nodes.map(|node| format!("{}{} ", sign(node.mutation), node.round)).collect::<String>().trim_end().to_owned()
    }
}

fn only(rules: &[&str]) -> EvolutionConfig {
    let rules = default_rules().into_iter().filter(|rule| rules.contains(&rule.id.as_str())).collect();
    EvolutionConfig { rules, ..EvolutionConfig::default() }
}

const CARD: fn(u32) -> Shares = |card| Shares { card, missing: 0 };

#[test]
fn a_cue_comes_fades_and_may_come_back_after_its_cooldown() {
    let mut run = Run::new(only(&["schema_argument"]));
    // On at 10 %, off below 4 % of the rounds that had it, 3 rounds of cooldown.
    for card in [9, 10, 7, 6, 1, 0, 30, 30, 30, 30] {
        run.play(CARD(card));
    }
    // Round 0: 9 %. Round 1: 9.5 %. Then the window falls; never on.
    assert_eq!(run.history("schema_argument"), "+6");
    let mut run = Run::new(only(&["schema_argument"]));
    for card in [20, 7, 6, 0, 0, 30, 30, 30, 30] {
        run.play(CARD(card));
    }
    // Rounds 1..=3 average 4.3 %, rounds 2..=4 2 %: off in 4, back not before 8.
    assert_eq!(run.history("schema_argument"), "+0 -4 +8");
    let added = &run.state.lineage[0];
    assert_eq!((added.cause.count, added.cause.of), (20, 100));
    assert!((added.effect.expect("measured") - (0.02 - 0.20)).abs() < 1e-12, "{:?}", added.effect);
    assert_eq!(added.parent, *Interface::base().id());
    assert_eq!(run.state.lineage[1].id, *Interface::base().id());
    assert_eq!(run.state.lineage[2].id, added.id, "the same content has the same address");
    assert_eq!(run.state.interface.cues()[0].text, "card: required, visa|amex");
}

#[test]
fn a_cue_that_does_not_help_is_taken_back() {
    let mut run = Run::new(only(&["affordance"]));
    for _ in 0..15 {
        run.play(Shares { card: 0, missing: 30 });
    }
    // Given 4 rounds, then 8 of cooldown.
    assert_eq!(run.history("affordance"), "+0 !4 +13");
    let keep = EvolutionConfig {
        revert_unhelpful: RevertConfig { enabled: false, ..RevertConfig::default() },
        ..only(&["affordance"])
    };
    let mut run = Run::new(keep);
    for _ in 0..15 {
        run.play(Shares { card: 0, missing: 30 });
    }
    assert_eq!(run.history("affordance"), "+0");
}

#[test]
fn a_cue_that_helps_some_stays() {
    let mut run = Run::new(only(&["affordance"]));
    run.play(Shares { card: 0, missing: 30 });
    for _ in 0..10 {
        run.play(Shares { card: 0, missing: 20 });
    }
    assert_eq!(run.history("affordance"), "+0");
}

#[test]
fn well_rewarded_failures_bring_no_cue() {
    // Errors on the card in turns that passed in the end: mean reward 1.
    let wrong = [(Failure::ArgumentMismatch, "book", Some("card"))];
    let found = diagnosis(vec![labelled(Label::Outcome(Outcome::Pass), &["book"], &wrong)]);
    let (episode, config) = (episode(vec![]), EvolutionConfig::default());
    let profile = assess(&Profile::new(&ProfileConfig::default()), &vec![(&found, &episode, 1.0); 20], 0);
    let state = evolve(&EvolutionState::initial(&spec(), &config), &profile, Comparison::Before, &spec(), &config, 0);
    assert!(state.interface.is_base());
    let profile = assess(&Profile::new(&ProfileConfig::default()), &vec![(&found, &episode, 0.5); 20], 0);
    let state = evolve(&EvolutionState::initial(&spec(), &config), &profile, Comparison::Before, &spec(), &config, 0);
    assert!(!state.interface.is_base());
}

#[test]
fn the_most_severe_come_first_and_few_at_a_time() {
    let config = EvolutionConfig { max_additions: 2, ..EvolutionConfig::default() };
    let mut run = Run::new(config);
    run.play(Shares { card: 60, missing: 20 });
    let rules: Vec<&str> = run.state.lineage.iter().map(|node| node.cue.rule.as_str()).collect();
    assert_eq!(rules, ["schema_argument", "hint_argument"]);
    run.play(Shares { card: 60, missing: 20 });
    assert_eq!(run.state.lineage[2].cue.rule, "affordance");
}

#[test]
fn the_controls() {
    let bad = Shares { card: 50, missing: 50 };
    let mut off = Run::new(EvolutionConfig { enabled: false, static_cues: true, ..EvolutionConfig::default() });
    assert!(off.play(bad).interface.is_base() && off.state.lineage.is_empty());
    let mut fixed = Run::new(EvolutionConfig { static_cues: true, word_budget: 1000, ..EvolutionConfig::default() });
    let before = fixed.state.clone();
    assert_eq!(
        before.interface.cues().len(),
        possible_cues(&spec(), &fixed.config).len() - 1,
        "all but the fourth guideline"
    );
    assert_eq!(*fixed.play(bad), before);
    assert_eq!(*fixed.play(CARD(0)), before);
    let mut frozen = Run::new(EvolutionConfig { freeze_after: Some(1), ..EvolutionConfig::default() });
    let before = frozen.play(bad).interface.clone();
    assert!(!before.is_base());
    for _ in 0..6 {
        frozen.play(CARD(0));
    }
    assert_eq!(frozen.state.interface, before);
    assert!(frozen.state.lineage[0].effect.expect("still measured") < 0.0);
}

#[test]
fn random_interfaces_stay_within_budget_and_differ() {
    let config = EvolutionConfig { word_budget: 30, ..EvolutionConfig::default() };
    let stream = |task| crate::seed::StreamKey::new(5, crate::seed::Purpose::Control).task(task).stream();
    let draws: Vec<Interface> = (0..20).map(|i| Interface::random(&spec(), &config, 0.5, &mut stream(i))).collect();
    assert!(draws.iter().all(|interface| interface.words() <= 30));
    let ids: std::collections::BTreeSet<&ContentId> = draws.iter().map(Interface::id).collect();
    assert!(ids.len() > 10);
    assert_eq!(draws[3], Interface::random(&spec(), &config, 0.5, &mut stream(3)));
    assert!(Interface::random(&spec(), &config, 0.0, &mut stream(0)).is_base());
}

#[test]
fn rehearsed_interfaces_show_every_rule_now_and_then() {
    let config = EvolutionConfig::default();
    let stream = |task| crate::seed::StreamKey::new(5, crate::seed::Purpose::Control).task(task).stream();
    let draws: Vec<Interface> = (0..60).map(|i| Interface::rehearsed(&spec(), &config, 0.5, &mut stream(i))).collect();
    assert!(draws.iter().all(|interface| interface.words() <= config.word_budget));
    for rule in possible_cues(&spec(), &config).iter().map(|cue| &cue.rule) {
        let shown = draws.iter().filter(|interface| interface.cues().iter().any(|cue| cue.rule == *rule)).count();
        assert!((6..54).contains(&shown), "{rule}: {shown} of 60");
    }
}

/// Where some episodes see no cues, those decide what comes and fades, and a cue is judged by the difference.
#[test]
fn a_cue_is_compared_with_the_same_rounds_without_it() {
    let after = |with: u32, without: u32| {
        let mut run = Run::new(EvolutionConfig::default());
        run.play(Shares { card: 0, missing: 30 });
        let mut with_cues = Profile::new(&ProfileConfig::default());
        for round in 1..=5 {
            run.profile = assessed(&run.profile, Shares { card: 0, missing: without }, round);
            with_cues = assessed(&with_cues, Shares { card: 0, missing: with }, round);
            run.state = evolve(&run.state, &run.profile, Comparison::Within(&with_cues), &spec(), &run.config, round);
        }
        let node = run.state.lineage.iter().find(|node| node.cue.rule == "affordance").expect("it came").clone();
        let left = run.state.lineage.iter().find(|node| node.cue.rule == "affordance" && node.effect.is_none());
        (node.effect.expect("it was seen"), left.map(|node| node.mutation))
    };
    // The failures go without the cue, too: what it does is nothing, although all is better than before it came.
    assert_eq!(after(20, 20), (0.0, Some(Mutation::Reverted)));
    let (effect, left) = after(5, 25);
    assert!((effect + 0.2).abs() < 1e-9 && left.is_none(), "{effect} {left:?}");
    // It is there for those who need it until they do not.
    assert_eq!(after(10, 2).1, Some(Mutation::Faded));
}

/// `of` second tries at turns that want `cues`, some of which pass, half of them with the cues.
fn tries(cues: &Interface, with: usize, without: usize, of: usize) -> Vec<Retry<'_>> {
    let side = |shown, passing| (0..of).map(move |number| Retry { cues, shown, passed: number < passing });
    side(true, with).chain(side(false, without)).collect()
}

#[test]
fn cues_of_second_tries_are_judged_by_whether_the_turn_passes() {
    let after = |with: usize, without: usize| {
        let mut run = Run::new(EvolutionConfig { max_additions: 1, word_budget: 12, ..EvolutionConfig::default() });
        // All that the profile asks for is there, whatever one episode may be shown.
        let bad = Shares { card: 60, missing: 60 };
        run.profile = assessed(&run.profile, bad, 0);
        run.state = evolve(&run.state, &run.profile, Comparison::Retries(&[]), &spec(), &run.config, 0);
        assert!(run.state.interface.cues().len() > 2 && run.state.interface.words() > 12);
        let shown = run.state.active.iter().find(|active| active.cue.rule == "affordance").expect("it came");
        let cues = Interface::new(vec![shown.cue.clone()]);
        for round in 1..=5 {
            // Nothing fails from the beginning any more: a cue that nobody needs is shown to nobody.
            run.profile = assessed(&run.profile, Shares { card: 0, missing: 0 }, round);
            let tries = tries(&cues, with, without, 10);
            run.state = evolve(&run.state, &run.profile, Comparison::Retries(&tries), &spec(), &run.config, round);
        }
        let node = run.state.lineage.iter().find(|node| node.cue.rule == "affordance").expect("it came");
        let others = run.state.lineage.iter().filter(|node| node.mutation != Mutation::Added).count();
        (node.effect.expect("it was tried"), run.history("affordance"), others)
    };
    let (effect, history, gone) = after(8, 3);
    assert!((effect + 0.5).abs() < 1e-9 && history == "+0" && gone == 0, "{effect} {history} {gone}");
    let (effect, history, gone) = after(3, 3);
    assert!(effect.abs() < 1e-9 && history == "+0 !4" && gone == 1, "{effect} {history} {gone}");
}

#[test]
fn a_second_try_is_shown_what_speaks_to_its_failure() {
    let config = EvolutionConfig { word_budget: 1000, ..EvolutionConfig::default() };
    let all = Interface::new(possible_cues(&spec(), &config));
    let rules = |label, blame: &[(Failure, &str, Option<&str>)], config: &EvolutionConfig| -> Vec<String> {
        let about = all.about(&labelled(label, &["book"], blame), config);
        about.cues().iter().map(|cue| format!("{} {}", cue.rule, cue.target)).collect()
    };
    let failed = |failure| Label::Failure(failure);
    assert_eq!(rules(failed(Failure::SpuriousToolCall), &[], &config), ["abstain all tools"]);
    assert_eq!(
        rules(failed(Failure::MissingToolCall), &[(Failure::MissingToolCall, "book", None)], &config),
        ["affordance all tools", "affordance_tool book"]
    );
    let wrong = [(Failure::ArgumentMismatch, "book", None), (Failure::ArgumentMismatch, "book", Some("card"))];
    let about = rules(failed(Failure::StateMismatch), &wrong, &config);
    assert!(about.contains(&"schema_argument book.card".to_owned()), "{about:?}");
    assert!(about.iter().all(|cue| cue.contains("book")), "{about:?}");
    assert!(rules(Label::Outcome(Outcome::Pass), &[], &config).is_empty());
    let tight = EvolutionConfig { word_budget: 12, ..config };
    let missing = [(Failure::MissingToolCall, "book", None)];
    assert_eq!(rules(failed(Failure::MissingToolCall), &missing, &tight), ["affordance all tools"]);
}

fn any_shares() -> impl Strategy<Value = Vec<Shares>> {
    prop::collection::vec((0u32..60, 0u32..60).prop_map(|(card, missing)| Shares { card, missing }), 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn budgets_hold_and_the_lineage_explains_the_interface(
        rounds in any_shares(), word_budget in 0u32..60, max_guidelines in 0u32..4, max_additions in 0u32..5,
    ) {
        let config = EvolutionConfig { word_budget, max_guidelines, max_additions, ..EvolutionConfig::default() };
        let mut run = Run::new(config);
        for shares in rounds {
            let before = run.state.clone();
            let round = run.round;
            run.play(shares);
            let state = &run.state;
            prop_assert!(state.interface.words() <= word_budget);
            prop_assert!(state.interface.cues().iter().filter(|c| c.phi == Phi::Cap).count() <= max_guidelines as usize);
            let added = state.lineage.iter().filter(|n| n.round == round && n.mutation == Mutation::Added).count();
            prop_assert!(added <= max_additions as usize);
            prop_assert_eq!(Interface::new(state.active.iter().map(|a| a.cue.clone()).collect()), state.interface.clone());
            let mut at = Interface::base().id().clone();
            for node in &state.lineage {
                prop_assert_eq!(&node.parent, &at);
                at = node.id.clone();
            }
            prop_assert_eq!(&at, state.interface.id());
            // Evolving is a function, also of a state that went through its record.
            let json = serde_json::to_string(&before).expect("serializes");
            let restored: EvolutionState = serde_json::from_str(&json).expect("parses");
            prop_assert_eq!(&evolve(&restored, &run.profile, Comparison::Before, &spec(), &run.config, round), state);
        }
    }

    #[test]
    fn nothing_flaps(rounds in prop::collection::vec(0u32..30, 10..40)) {
        let mut run = Run::new(only(&["schema_argument"]));
        let cooldown = run.config.rules[0].cooldown_rounds;
        for card in &rounds {
            run.play(CARD(*card));
        }
        let nodes: Vec<(u32, Mutation)> = run.state.lineage.iter().map(|n| (n.round, n.mutation)).collect();
        for pair in nodes.windows(2) {
            prop_assert_ne!(pair[0].1 == Mutation::Added, pair[1].1 == Mutation::Added, "comes and goes by turns");
            if pair[1].1 == Mutation::Added {
                prop_assert!(pair[1].0 > pair[0].0 + cooldown);
            } else {
                prop_assert!(pair[1].0 > pair[0].0);
            }
        }
    }

    #[test]
    fn between_the_thresholds_nothing_changes(rounds in prop::collection::vec(4u32..10, 1..30)) {
        let mut never = Run::new(only(&["schema_argument"]));
        let mut always = Run::new(only(&["schema_argument"]));
        always.play(CARD(40));
        for card in rounds {
            never.play(CARD(card));
            always.play(CARD(card));
        }
        prop_assert_eq!(never.history("schema_argument"), "");
        prop_assert_eq!(always.history("schema_argument"), "+0");
    }

    #[test]
    fn addresses_are_equal_exactly_where_content_is(
        a in prop::collection::vec(any::<prop::sample::Index>(), 0..6), b in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let all = possible_cues(&spec(), &EvolutionConfig::default());
        let pick = |picks: &[prop::sample::Index]| -> Vec<Cue> { picks.iter().map(|i| i.get(&all).clone()).collect() };
        let set = |cues: &[Cue]| cues.iter().cloned().collect::<std::collections::BTreeSet<Cue>>();
        let (a, b) = (pick(&a), pick(&b));
        let (x, y) = (Interface::new(a.clone()), Interface::new(b.clone()));
        prop_assert_eq!(x.id() == y.id(), set(&a) == set(&b));
        let reversed: Vec<Cue> = a.into_iter().rev().collect();
        let again = Interface::new(reversed);
        prop_assert_eq!(again.id(), x.id());
    }
}
