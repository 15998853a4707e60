//! Expressions and orders over a real run: they choose what a look at every episode would choose.

mod common;

use coevo_core::episode::{Parsed, StepOutcome};
use coevo_trace::{EpisodeFilter, EpisodeRecord, EpisodeSummary, Expr, RunFile, Sort};
use common::{commit, header};

fn run() -> (tempfile::TempDir, RunFile) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut run = RunFile::create(&place.path().join("run"), &header()).expect("creates");
    for (arm, round) in [("coevo", 1), ("coevo", 2), ("vanilla", 1)] {
        commit(&mut run, arm, round);
    }
    (place, run)
}

fn filter(text: &str) -> EpisodeFilter {
    let matching: Expr = text.parse().unwrap_or_else(|error| panic!("{error}"));
    EpisodeFilter { matching: Some(matching), ..EpisodeFilter::default() }
}

#[test]
fn expressions_choose_what_a_look_at_every_episode_would() {
    let (_place, run) = run();
    let all: Vec<(EpisodeSummary, EpisodeRecord)> = run
        .episodes(&EpisodeFilter::default())
        .expect("reads")
        .into_iter()
        .map(|summary| (summary.clone(), run.record(&summary).expect("reads")))
        .collect();
    let labels = |record: &EpisodeRecord| -> Vec<&'static str> {
        record.diagnosis.iter().flat_map(|d| &d.turns).map(|turn| turn.label.name()).collect()
    };
    type Look<'a> = &'a dyn Fn(&EpisodeSummary, &EpisodeRecord) -> bool;
    let looks: [(&str, Look<'_>); 14] = [
        ("round>1", &|s, _| s.key.round > 1),
        ("arm=coevo and reward<1", &|s, _| s.key.arm == "coevo" && s.reward.is_some_and(|r| r < 1.0)),
        ("not reward<1", &|s, _| !s.reward.is_some_and(|r| r < 1.0)),
        ("reward!=1", &|s, _| s.reward != Some(1.0)),
        ("unscored or passed", &|s, _| s.reward.is_none_or(|r| r >= 1.0)),
        ("fault=guest_fuel", &|s, _| s.boundary.as_deref() == Some("guest_fuel")),
        ("label=missing_tool_call", &|_, r| labels(r).contains(&"missing_tool_call")),
        ("label!=missing_tool_call", &|_, r| !labels(r).contains(&"missing_tool_call")),
        ("first_failing=2 and first_label=missing-tool-call", &|_, r| {
            r.diagnosis.as_ref().is_some_and(|d| d.first_failing == Some(1))
        }),
        ("tool=find_airport", &|_, r| {
            r.episode
                .turns
                .iter()
                .flat_map(|t| &t.steps)
                .any(|s| matches!(&s.parsed, Parsed::Call(c) if c.name == "find_airport"))
        }),
        ("error=malformed", &|_, r| {
            r.episode.turns.iter().flat_map(|t| &t.steps).any(|s| matches!(s.outcome, StepOutcome::Rejected(_)))
        }),
        ("stage in (train, test) and category~LONG", &|s, _| s.category.contains("long")),
        ("tokens=4 and sampled=2 and turns=2 and steps>=4", &|_, _| true),
        ("seed=18446744073709551615 and task=1 and replica=1", &|s, _| (s.key.task.index, s.key.replica) == (1, 1)),
    ];
    for (text, look) in looks {
        let expected: Vec<&str> = all.iter().filter(|(s, r)| look(s, r)).map(|(s, _)| s.name.as_str()).collect();
        let found = run.episodes(&filter(text)).expect(text);
        assert_eq!(found.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(run.count(&filter(text)).expect(text), expected.len() as u64, "{text}");
    }
}

#[test]
fn orders_put_what_has_no_value_last() {
    let (_place, run) = run();
    let names = |sort: &str, limit| {
        let sort = Sort::parse(sort).expect("an order");
        let filter = EpisodeFilter { sort, limit, ..EpisodeFilter::default() };
        run.episodes(&filter).expect("reads").into_iter().map(|s| (s.name, s.reward)).collect::<Vec<_>>()
    };
    let up = names("reward", None);
    assert_eq!((up[0].1, up[11].1), (Some(0.0), None));
    let down = names("-reward,-round", Some(2));
    assert_eq!(down[0], ("coevo/r002/train/0000/0".to_owned(), Some(1.0)));
    assert_eq!(down.len(), 2);
    assert_eq!(names("-reward", None)[11].1, None);
}
