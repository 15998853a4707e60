//! Full texts as an agent reads them, with the base interface and with cues.

use serde_json::{Value, json};

use super::*;
use crate::episode::{Rejection, StepOutcome, ViolationKind};
use crate::fixture::{call, spec, violation};
use crate::interface::Cue;
use crate::label::Failure;
use crate::task::ToolCall;

fn cue(phi: Phi, target: Target, triggers: &[Failure], text: &str) -> Cue {
    Cue { rule: "r".to_owned(), phi, target, triggers: triggers.to_vec(), text: text.to_owned() }
}

fn task(system: &str) -> PublicTask {
    PublicTask {
        id: "train/0".to_owned(),
        scenario: "s0".to_owned(),
        category: "base".to_owned(),
        system: system.to_owned(),
        initial_state: "{}".to_owned(),
        turns: Vec::new(),
        user_profile: String::new(),
    }
}

fn evolved() -> Interface {
    let argument = |argument: &str| Target::Argument { tool: "book".to_owned(), argument: argument.to_owned() };
    Interface::new(vec![
        cue(Phi::Cap, Target::Global, &[], "ask before you guess"),
        cue(Phi::Schema, argument("quote"), &[], "quote: required, quote id q#a"),
        cue(Phi::Schema, argument("card"), &[], "card: required, visa|amex"),
        cue(Phi::Schema, Target::Tool("book".to_owned()), &[], "The card is held."),
        cue(Phi::Schema, Target::Global, &[], "use the tools"),
    ])
}

#[test]
fn the_opening_without_and_with_cues() {
    let spec = spec();
    let tools: Vec<&ToolSpec> = spec.tools[..2].iter().collect();
    let check = |interface: &Interface, system: &str, expected: &str| {
        let message = opening(&task(system), &tools, interface);
        assert_eq!((message.role, message.text.as_str()), (Role::System, expected));
    };
    check(
        &Interface::base(),
        "Today is 05-01.",
        "Today is 05-01.\n\
         tools, called as @name {\"argument\":value}:\n\
         find(city) flights to a city\n\
         book(quote, card, bags?) book a quote",
    );
    check(
        &evolved(),
        "",
        "tools, called as @name {\"argument\":value}:\n\
         find(city) flights to a city\n\
         book(quote, card, bags?) book a quote\n\
         note: The card is held.; card: required, visa|amex; quote: required, quote id q#a\n\
         note: use the tools\n\
         guide: ask before you guess",
    );
}

#[test]
fn changed_tools_are_announced_with_their_notes() {
    let spec = spec();
    let text = |added: &[&ToolSpec], withdrawn: &[&str], interface: &Interface| {
        let withdrawn: Vec<String> = withdrawn.iter().map(|name| (*name).to_owned()).collect();
        tools_changed(added, &withdrawn, interface).map(|message| message.text)
    };
    assert_eq!(text(&[], &[], &evolved()), None);
    assert_eq!(
        text(&[&spec.tools[1]], &["find", "cancel"], &evolved()).as_deref(),
        Some(
            "tools withdrawn: find, cancel\nnew tools:\nbook(quote, card, bags?) book a quote\n\
             note: The card is held.; card: required, visa|amex; quote: required, quote id q#a"
        )
    );
}

fn tool_error(details: Value) -> StepOutcome {
    StepOutcome::ToolError { code: "gone".to_owned(), message: "not there".to_owned(), details }
}

#[test]
fn observations_of_the_base_environment() {
    let check = |outcome: StepOutcome, expected: &str| assert_eq!(observation(&outcome), expected);
    check(StepOutcome::Executed { result: json!({"b": [1, "x"], "a": null}) }, r#"{"b":[1,"x"],"a":null}"#);
    check(tool_error(json!({"argument": "quote"})), "error gone: not there");
    check(
        StepOutcome::Rejected(Rejection::Malformed { reason: "the reply is empty".to_owned() }),
        "rejected: the reply is empty",
    );
    check(StepOutcome::Rejected(Rejection::UnknownTool { name: "buy".to_owned() }), "rejected: no tool buy");
    check(
        StepOutcome::Rejected(Rejection::NotOffered { name: "book".to_owned() }),
        "rejected: book is not offered now",
    );
    let violations = vec![
        violation(ViolationKind::WrongType, "bags"),
        violation(ViolationKind::MissingRequired, "card"),
        violation(ViolationKind::MissingRequired, "quote"),
    ];
    check(
        StepOutcome::Rejected(Rejection::Schema { violations }),
        "rejected: bad arguments (one is missing, wrong type)",
    );
    check(StepOutcome::Answered, "");
}

#[test]
fn hints_say_what_the_raw_error_and_the_schema_know() {
    let spec = spec();
    let offered: Vec<&ToolSpec> = spec.tools.iter().collect();
    let all = [Failure::InvalidToolCall, Failure::ArgumentMismatch, Failure::RecoveryFailure];
    let interface = Interface::new(vec![cue(Phi::Err, Target::Global, &all, "then call again")]);
    let book = call("book", json!({}));
    let check = |outcome: StepOutcome, call: Option<&ToolCall>, expected: &str| {
        assert_eq!(
            recovery_cue(&outcome, call, &offered, &Interface::base()),
            "",
            "the base environment gives no hints"
        );
        assert_eq!(recovery_cue(&outcome, call, &offered, &interface), expected);
    };
    let schema =
        |kind, argument| StepOutcome::Rejected(Rejection::Schema { violations: vec![violation(kind, argument)] });
    check(schema(ViolationKind::MissingRequired, "card"), Some(&book), "hint: add card (visa|amex); then call again");
    check(schema(ViolationKind::NotInEnum, "card"), Some(&book), "hint: card must be visa|amex; then call again");
    check(schema(ViolationKind::WrongType, "bags"), Some(&book), "hint: bags must be integer 1..3; then call again");
    check(schema(ViolationKind::Format, "quote"), Some(&book), "hint: quote must be quote id q#a; then call again");
    check(
        schema(ViolationKind::UnknownArgument, "seat"),
        Some(&book),
        "hint: drop seat, arguments are quote, card, bags?; then call again",
    );
    check(
        StepOutcome::Rejected(Rejection::Malformed { reason: "no".to_owned() }),
        None,
        "hint: write @name {\"argument\":value} or a plain answer; then call again",
    );
    check(
        StepOutcome::Rejected(Rejection::UnknownTool { name: "boook".to_owned() }),
        Some(&call("boook", json!({}))),
        "hint: nearest tools are book, reboot, find; then call again",
    );
    check(
        StepOutcome::Rejected(Rejection::NotOffered { name: "book".to_owned() }),
        Some(&book),
        "hint: this turn has no book; then call again",
    );
    check(
        tool_error(json!({"argument": "card", "given": "diners", "options": ["visa", "amex"], "left": 20})),
        Some(&book),
        "hint: check card; options: visa, amex; left 20; then call again",
    );
    check(
        tool_error(json!({"argument": "quote", "expected": "a quote from find", "precondition": "it is fresh"})),
        Some(&book),
        "hint: quote must be a quote from find; needs: it is fresh; then call again",
    );
    check(
        tool_error(Value::Null),
        Some(&book),
        "hint: it is no longer there; needs: The card is held.; then call again",
    );
    check(StepOutcome::Executed { result: json!({}) }, Some(&book), "");
    check(StepOutcome::Answered, None, "");
}

#[test]
fn hints_come_only_where_a_cue_covers_the_failure_and_the_tool() {
    let spec = spec();
    let offered: Vec<&ToolSpec> = spec.tools.iter().collect();
    let (book, find) = (call("book", json!({})), call("find", json!({})));
    let hinted = |target: Target, trigger, outcome: &StepOutcome, call: &ToolCall| {
        let interface = Interface::new(vec![cue(Phi::Err, target, &[trigger], "x")]);
        !recovery_cue(outcome, Some(call), &offered, &interface).is_empty()
    };
    let on_book = || Target::Tool("book".to_owned());
    let on_card = || Target::Argument { tool: "book".to_owned(), argument: "card".to_owned() };
    let missing = |argument| {
        StepOutcome::Rejected(Rejection::Schema {
            violations: vec![violation(ViolationKind::MissingRequired, argument)],
        })
    };
    let failed = tool_error(json!({"argument": "card"}));
    assert!(hinted(on_book(), Failure::RecoveryFailure, &failed, &book));
    assert!(!hinted(on_book(), Failure::RecoveryFailure, &failed, &find));
    assert!(!hinted(on_book(), Failure::ArgumentMismatch, &failed, &book));
    assert!(hinted(on_book(), Failure::ArgumentMismatch, &missing("card"), &book));
    assert!(hinted(on_card(), Failure::ArgumentMismatch, &missing("card"), &book));
    assert!(!hinted(on_card(), Failure::ArgumentMismatch, &missing("quote"), &book));
    assert!(hinted(on_card(), Failure::RecoveryFailure, &failed, &book));
}

#[test]
fn long_hints_are_cut() {
    let spec = spec();
    let offered: Vec<&ToolSpec> = spec.tools.iter().collect();
    let interface = Interface::new(vec![cue(Phi::Err, Target::Global, &[Failure::RecoveryFailure], "then call again")]);
    let outcome = tool_error(json!({"precondition": "word ".repeat(100)}));
    let hint = recovery_cue(&outcome, Some(&call("book", json!({}))), &offered, &interface);
    assert_eq!(hint.split_whitespace().count(), 33);
    assert_eq!(tool_message("error gone: x", &hint).text.lines().count(), 2);
    assert_eq!(tool_message("{}", "").text, "{}");
}

#[test]
fn the_tools_of_a_system_message_are_read_back() {
    let spec = spec();
    let (book, find) = ("book(quote, card, bags?) book a quote", "find(city) flights to a city");
    let shown = opening(&task("call(me) today"), &spec.tools[..2].iter().collect::<Vec<_>>(), &evolved());
    assert_eq!(listed(&shown.text), Listed { added: vec![("find", find), ("book", book)], withdrawn: Vec::new() });
    let changed =
        tools_changed(&[&spec.tools[1]], &["find".to_owned(), "pay".to_owned()], &evolved()).expect("they changed");
    assert_eq!(listed(&changed.text), Listed { added: vec![("book", book)], withdrawn: vec!["find", "pay"] });
}
