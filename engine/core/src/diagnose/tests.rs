//! Labels, evidence and cascades of hand-made episodes.

use serde_json::{Value, json};

use super::*;
use crate::episode::{Boundary, Fault, Rejection, Step, Truncation, Turn, VerdictFailure};
use crate::fixture::*;
use crate::task::ToolCall;

fn v1() -> PriorityTable {
    PriorityTable::version(1).expect("shipped")
}

fn one(turn: Turn, reference: &[ToolCall], verdict: Option<VerdictFailure>, table: u32) -> TurnDiagnosis {
    let table = PriorityTable::version(table).expect("shipped");
    let diagnosis = diagnose(&episode(vec![turn]), &scored(&[verdict]), &hidden(&[reference]), &table);
    diagnosis.expect("scored").turns.remove(0)
}

fn not_offered(name: &str) -> Rejection {
    Rejection::NotOffered { name: name.to_owned() }
}

fn schema(argument: &str) -> Rejection {
    Rejection::Schema { violations: vec![violation(ViolationKind::MissingRequired, argument)] }
}

#[test]
fn each_label_from_its_evidence() {
    use Failure::*;
    use VerdictFailure as V;
    let book = || call("book", json!({"quote": "q1a", "card": "visa"}));
    let find = || call("find", json!({"city": "Oslo"}));
    let booked = |hash| ran("book", book().arguments, json!({"booking": "b1"}), hash);
    let found = || ran("find", json!({"city": "Oslo"}), json!({"quote": "q1a"}), 0);
    let malformed = |text: &str| rejected(text, Rejection::Malformed { reason: "broken".to_owned() }, 0);
    let check = |name: &str, steps: Vec<Step>, reference: &[ToolCall], verdict: Option<V>, expected: Label| {
        assert_eq!(one(turn("book it", 0, steps), reference, verdict, 1).label, expected, "{name}");
    };
    let passed = Label::Outcome(Outcome::Pass);
    let abstained = Label::Outcome(Outcome::CorrectAbstention);
    let bad = Label::Failure;

    check("passes", vec![booked(1), answered("ok", 1)], &[book()], None, passed);
    check(
        "passes after a recovered error",
        vec![refused("book", json!({}), "gone", 0), booked(1), answered("ok", 1)],
        &[book()],
        None,
        passed,
    );
    check("abstains", vec![answered("which card?", 0)], &[], None, abstained);
    let tried = vec![rejected("@book {}", not_offered("book"), 0), answered("no", 0)];
    check("a rejected call is no abstention", tried.clone(), &[], None, passed);
    check("nor is a malformed one", vec![malformed("@book"), answered("no", 0)], &[], None, passed);

    check("invalid before spurious", tried, &[], Some(V::SpuriousCall), bad(InvalidToolCall));
    check("spurious", vec![booked(1), answered("ok", 1)], &[], Some(V::SpuriousCall), bad(SpuriousToolCall));
    check(
        "malformed to the end",
        vec![malformed("@book"), answered("ok", 0)],
        &[book()],
        Some(V::EmptyTurn),
        bad(InvalidToolCall),
    );
    check(
        "arguments to the end",
        vec![rejected("@book {}", schema("card"), 0), answered("ok", 0)],
        &[book()],
        Some(V::StateMismatch),
        bad(ArgumentMismatch),
    );
    check(
        "arguments repaired, then wrong state",
        vec![
            rejected("@book {}", schema("card"), 0),
            ran("book", json!({"quote": "q9z"}), json!({}), 1),
            answered("ok", 1),
        ],
        &[book()],
        Some(V::StateMismatch),
        bad(StateMismatch),
    );
    check(
        "object that should be there",
        vec![ran("book", json!({"quote": "q9z"}), json!({}), 1), answered("ok", 1)],
        &[book()],
        Some(V::InstanceMismatch),
        bad(InstanceMismatch),
    );
    check(
        "done twice",
        vec![booked(1), booked(2), answered("ok", 2)],
        &[book()],
        Some(V::InstanceMismatch),
        bad(InstanceMismatch),
    );
    check(
        "error never recovered",
        vec![refused("book", json!({}), "gone", 0), answered("sorry", 0)],
        &[book()],
        Some(V::StateMismatch),
        bad(RecoveryFailure),
    );
    check(
        "success of another tool recovers nothing",
        vec![refused("book", json!({}), "gone", 0), found(), answered("sorry", 0)],
        &[book()],
        Some(V::StateMismatch),
        bad(RecoveryFailure),
    );
    check("answered without doing", vec![answered("booked!", 0)], &[book()], Some(V::EmptyTurn), bad(MissingToolCall));
    check(
        "answered too early",
        vec![found(), answered("booked!", 0)],
        &[find(), book()],
        Some(V::StateMismatch),
        bad(MissingToolCall),
    );
    check(
        "right calls, wrong answer",
        vec![found(), answered("hm", 0)],
        &[find()],
        Some(V::ResponseMismatch),
        bad(ResponseMismatch),
    );

    let cut = |steps| Turn { truncated: Some(Truncation::Steps), ..turn("book it", 0, steps) };
    let label = |turn, table| one(turn, &[book()], Some(V::StateMismatch), table).label;
    assert_eq!(label(cut(vec![found(), found()]), 1), bad(Truncated));
    assert_eq!(label(cut(vec![malformed(" "), malformed("")]), 1), bad(EmptyTurn));
    let looped = || cut(vec![rejected("@book {}", schema("card"), 0); 3]);
    assert_eq!((label(looped(), 1), label(looped(), 2)), (bad(Truncated), bad(ArgumentMismatch)));
    let tried = turn("x", 0, vec![rejected("@book {}", not_offered("book"), 0), answered("no", 0)]);
    assert_eq!(one(tried, &[], Some(V::SpuriousCall), 2).label, bad(SpuriousToolCall));
}

#[test]
fn evidence_keeps_everything() {
    let reference = [
        call("find", json!({"city": "Oslo"})),
        call("find", json!({"city": "Rome"})),
        call("cancel", json!({"booking": "b1"})),
    ];
    let steps = vec![
        rejected("@book {}", schema("card"), 5),
        rejected("@fly {}", Rejection::UnknownTool { name: "fly".to_owned() }, 5),
        ran("find", json!({"city": "Rome"}), json!({"quote": "q2b"}), 5),
        ran("book", json!({"quote": "q2b", "card": "visa"}), json!({}), 6),
        refused("cancel", json!({"booking": "b9"}), "gone", 6),
        answered("ok", 6),
    ];
    let found = one(turn("x", 5, steps), &reference, Some(VerdictFailure::StateMismatch), 1);
    let evidence = &found.evidence;
    assert_eq!(evidence.needed, ["find", "find", "cancel"]);
    assert_eq!((evidence.attempts, evidence.answered), (5, true));
    assert_eq!(evidence.executed, ["find", "book"]);
    assert_eq!(evidence.uncovered, ["find", "cancel"], "find(Rome) covers only itself");
    assert_eq!(evidence.strayed, BTreeSet::from(["book".to_owned()]));
    assert_eq!((evidence.state_before, evidence.state_after), (5, 6));
    let errors: Vec<(usize, Option<&str>, bool)> =
        evidence.errors.iter().map(|e| (e.step, e.tool.as_deref(), e.recovered)).collect();
    assert_eq!(errors, [(0, Some("book"), true), (1, Some("fly"), true), (4, Some("cancel"), false)]);
    assert_eq!(evidence.recovered_after_last_error(), Some(false));
    assert_eq!(evidence.tools(), BTreeSet::from(["book", "cancel", "find"]));
    let pin = |failure, tool: &str, argument: Option<&str>| Blame {
        failure,
        tool: tool.to_owned(),
        argument: argument.map(str::to_owned),
    };
    assert_eq!(found.label, Label::Failure(Failure::StateMismatch));
    assert_eq!(
        found.blame,
        BTreeSet::from([
            pin(Failure::ArgumentMismatch, "book", None),
            pin(Failure::ArgumentMismatch, "book", Some("card")),
            pin(Failure::StateMismatch, "book", None),
            pin(Failure::RecoveryFailure, "cancel", None),
        ])
    );
}

#[test]
fn the_very_same_call_of_an_earlier_turn_covers_a_needed_one() {
    let look = |city: &str| ran("find", json!({"city": city}), json!({"quote": "q1a"}), 0);
    let wanted = || vec![call("find", json!({"city": "Oslo"}))];
    let second = |first: &str| {
        let known: Row = ("and now?", 0, vec![answered("hm", 0)], wanted(), RESPONSE);
        let rows = vec![("flights?", 0, vec![look(first), answered("q1a", 0)], wanted(), None), known];
        cascade(rows).turns[1].label
    };
    assert_eq!(second("Oslo"), Label::Failure(Failure::ResponseMismatch), "it was known; the answer failed");
    assert_eq!(second("Rome"), Label::Failure(Failure::MissingToolCall));
}

#[test]
fn faults_are_not_failures() {
    let fault = Fault { boundary: Boundary::GuestTrap, during: "call".to_owned(), message: "trap".to_owned() };
    let mut broken = episode(vec![turn("x", 0, vec![answered("ok", 0)])]);
    let label = hidden(&[&[]]);
    assert_eq!(diagnose(&broken, &Verdict::Unscored(fault.clone()), &label, &v1()), None);
    broken.ending = Ending::Faulted(fault);
    assert_eq!(diagnose(&broken, &scored(&[None]), &label, &v1()), None);
}

#[test]
fn a_full_context_truncates_the_turn_it_cuts() {
    let mut cut = episode(vec![turn("x", 0, vec![])]);
    cut.ending = Ending::Truncated(Truncation::Tokens);
    let wanted = [call("find", json!({}))];
    let found =
        diagnose(&cut, &scored(&[Some(VerdictFailure::EmptyTurn)]), &hidden(&[&wanted]), &v1()).expect("scored");
    assert_eq!(found.turns[0].label, Label::Failure(Failure::Truncated));
    assert_eq!(found.turns[0].evidence.truncated, Some(Truncation::Tokens));
}

/// A turn: what the user said, state before, steps, reference, verdict.
type Row = (&'static str, u64, Vec<Step>, Vec<ToolCall>, Option<VerdictFailure>);

fn cascade(rows: Vec<Row>) -> Diagnosis {
    let turns = rows.iter().map(|(user, before, steps, ..)| turn(user, *before, steps.clone())).collect();
    let reference: Vec<&[ToolCall]> = rows.iter().map(|row| row.3.as_slice()).collect();
    let verdicts: Vec<Option<VerdictFailure>> = rows.iter().map(|row| row.4).collect();
    diagnose(&episode(turns), &scored(&verdicts), &hidden(&reference), &v1()).expect("scored")
}

fn roots(diagnosis: &Diagnosis) -> Vec<Option<usize>> {
    diagnosis.turns.iter().map(|turn| turn.cascaded_from).collect()
}

const STATE: Option<VerdictFailure> = Some(VerdictFailure::StateMismatch);
const RESPONSE: Option<VerdictFailure> = Some(VerdictFailure::ResponseMismatch);
const EMPTY: Option<VerdictFailure> = Some(VerdictFailure::EmptyTurn);

fn book(quote: &str) -> Value {
    json!({"quote": quote, "card": "visa"})
}

fn wrong_booking() -> Row {
    let steps = vec![ran("book", book("q9z"), json!({"booking": "b1"}), 1), answered("ok", 1)];
    ("book the early one", 0, steps, vec![call("book", book("q1a"))], STATE)
}

fn right_cancel(before: u64, verdict: Option<VerdictFailure>) -> Row {
    let steps = vec![ran("cancel", json!({"booking": "b7"}), json!({}), before + 1), answered("ok", before + 1)];
    ("cancel b7", before, steps, vec![call("cancel", json!({"booking": "b7"}))], verdict)
}

#[test]
fn an_inherited_state_cascades_along_the_chain() {
    let chat: Row = ("thanks", 2, vec![answered("sure", 2)], vec![], None);
    let found =
        cascade(vec![right_cancel(0, None), wrong_booking(), chat, right_cancel(1, STATE), right_cancel(2, STATE)]);
    assert_eq!(roots(&found), [None, None, None, Some(1), Some(1)]);
    assert_eq!(found.first_failing, Some(1));
    let state: Vec<(usize, usize)> =
        found.dependencies.iter().filter(|d| d.kind == DependencyKind::State).map(|d| (d.from, d.to)).collect();
    assert_eq!(state, [(1, 2), (1, 3), (3, 4)]);
    assert!(found.turns[3].blame.is_empty(), "an inherited failure blames no tool");
}

#[test]
fn failures_of_ones_own_stand_for_themselves() {
    let stray = vec![ran("cancel", json!({"booking": "b7"}), json!({}), 2), answered("ok", 2)];
    let unasked: Row = ("what flies to Oslo?", 1, stray, vec![call("find", json!({"city": "Oslo"}))], STATE);
    assert_eq!(roots(&cascade(vec![wrong_booking(), unasked])), [None, None]);
    let steps = vec![rejected("@cancel", Rejection::Malformed { reason: "broken".to_owned() }, 1), answered("ok", 1)];
    let malformed: Row = ("cancel b7", 1, steps, vec![call("cancel", json!({"booking": "b7"}))], STATE);
    assert_eq!(roots(&cascade(vec![wrong_booking(), malformed])), [None, None]);
}

#[test]
fn a_change_in_a_no_tool_turn_is_inherited_too() {
    let steps = vec![ran("book", book("q1a"), json!({}), 1), answered("ok", 1)];
    let spurious: Row = ("what do you think?", 0, steps, vec![], Some(VerdictFailure::SpuriousCall));
    assert_eq!(roots(&cascade(vec![spurious, right_cancel(1, STATE)])), [None, Some(0)]);
}

#[test]
fn nothing_done_shows_in_the_next_state() {
    let lazy: Row = ("book q1a with visa", 0, vec![answered("done", 0)], vec![call("book", book("q1a"))], EMPTY);
    assert_eq!(roots(&cascade(vec![lazy.clone(), right_cancel(0, STATE)])), [None, Some(0)]);
    assert_eq!(roots(&cascade(vec![lazy, right_cancel(0, None)])), [None, None]);
}

#[test]
fn a_wrong_value_carries_its_failure_along() {
    let search = |city: &str, quote: &str| ran("find", json!({"city": city}), json!({"quote": quote}), 0);
    let looked: Row = (
        "flights to Rome?",
        0,
        vec![search("Oslo", "q9z"), answered("q9z", 0)],
        vec![call("find", json!({"city": "Rome"}))],
        RESPONSE,
    );
    let booked = |quote: &str| vec![ran("book", book(quote), json!({}), 1), answered("ok", 1)];
    let used: Row = ("book it with visa", 0, booked("q9z"), vec![call("book", book("q1a"))], STATE);
    let found = cascade(vec![looked.clone(), used]);
    assert_eq!(roots(&found), [None, Some(0)]);
    assert!(found.dependencies.contains(&Dependency { from: 0, to: 1, kind: DependencyKind::Value }));
    // The same mistake with a value that the user said is the turn's own.
    let said: Row = ("book q1b, not q9z, with visa", 0, booked("q9z"), vec![call("book", book("q1b"))], STATE);
    assert_eq!(roots(&cascade(vec![looked, said]))[1], None);
    // So is a mistake beside a value that the earlier turn produced and the reference uses too.
    let steps = vec![ran("find", json!({"city": "Oslo"}), json!({"card": "visa"}), 0), answered("hm", 0)];
    let listed: Row = ("which cards?", 0, steps, vec![call("find", json!({"city": "Oslo"}))], RESPONSE);
    let beside: Row = ("book q1b, not q9z", 0, booked("q9z"), vec![call("book", book("q1b"))], STATE);
    assert_eq!(roots(&cascade(vec![listed, beside]))[1], None);
}

#[test]
fn what_was_never_obtained_cannot_be_used() {
    let lazy: Row = ("book the early one", 0, vec![answered("done", 0)], vec![call("book", book("q1a"))], EMPTY);
    let cancel =
        |user| -> Row { (user, 0, vec![answered("sorry", 0)], vec![call("cancel", json!({"booking": "b1"}))], EMPTY) };
    let found = cascade(vec![lazy.clone(), cancel("cancel that booking")]);
    assert_eq!(roots(&found), [None, Some(0)]);
    assert!(found.dependencies.contains(&Dependency { from: 0, to: 1, kind: DependencyKind::Unobtained }));
    assert_eq!(roots(&cascade(vec![lazy, cancel("cancel booking B1")]))[1], None, "the user said it");
}

#[test]
fn a_counterfactual_overrules_the_graph() {
    let found = cascade(vec![wrong_booking(), right_cancel(1, STATE), right_cancel(2, STATE)]);
    assert_eq!(roots(&found), [None, Some(0), Some(0)]);
    let checked = found.with_counterfactual(0, &[true, false, true]);
    assert_eq!(roots(&checked), [None, None, Some(0)]);
    assert_eq!(roots(&checked.with_counterfactual(1, &[false, true, true])), [None, None, Some(1)]);
}

#[test]
fn labels_map_onto_both_published_sets() {
    use Failure::*;
    let paper = [InvalidToolCall, ArgumentMismatch, StateMismatch, RecoveryFailure, MissingToolCall, ResponseMismatch];
    let released = [SpuriousToolCall, EmptyTurn, StateMismatch, ResponseMismatch, InstanceMismatch];
    for label in Label::all() {
        match paper_label(label) {
            Label::Failure(failure) => assert!(paper.contains(&failure) && label.is_failure(), "{label}"),
            Label::Outcome(outcome) => assert!(outcome == Outcome::Pass && !label.is_failure(), "{label}"),
        }
        match released_label(label) {
            Label::Failure(failure) => assert!(released.contains(&failure) && label.is_failure(), "{label}"),
            Label::Outcome(outcome) => assert_eq!(Label::Outcome(outcome), label),
        }
    }
    let early = one(turn("x", 0, vec![answered("ok", 0)]), &[call("find", json!({}))], EMPTY, 1);
    assert_eq!(early.label, Label::Failure(MissingToolCall));
    assert_eq!(released_turn_label(&early), Label::Failure(EmptyTurn));
}

#[test]
fn tables_name_every_failure_once() {
    for version in PriorityTable::VERSIONS {
        let mut order = PriorityTable::version(version).expect("listed").order;
        order.sort();
        assert_eq!(order, Failure::ALL, "version {version}");
    }
    assert_eq!(PriorityTable::version(0), None);
}

#[test]
fn a_diagnosis_survives_its_record() {
    let found = cascade(vec![wrong_booking(), right_cancel(1, STATE)]);
    let json = serde_json::to_string(&found).expect("serializes");
    assert_eq!(serde_json::from_str::<Diagnosis>(&json).expect("parses"), found);
}
