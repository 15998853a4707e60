//! Every refusal can be reached, by a call that its tool declares, and leaves the state as it was.

use std::collections::BTreeSet;

use coevo_sdk::session::{Quiet, Session, Side};
use coevo_sdk::{Environment, Value, json};
use helpdesk::Helpdesk;
use helpdesk::fail::Fail;

/// Two teams; `u1` leads network, `u2` is in it, `u3` leads billing. `t10` is young and low, `t11` high, `t12` closed,
/// `t13` belongs to billing.
fn world(me: Option<&str>) -> String {
    let person = |id: &str, name: &str, team: &str, lead: bool| json!({"id": id, "name": name, "pin": "1234", "team": team, "lead": lead});
    let ticket = |id: &str, title: &str, team: &str, priority: &str, resolution: Option<&str>| json!({"id": id, "title": title, "team": team, "priority": priority, "days": 2, "owner": null, "resolution": resolution});
    json!({
        "me": me,
        "people": [
            person("u1", "Ana", "network", true),
            person("u2", "Ben", "network", false),
            person("u3", "Cara", "billing", true),
        ],
        "tickets": [
            ticket("t10", "vpn slow", "network", "low", None),
            ticket("t11", "wifi broken", "network", "high", None),
            ticket("t12", "email locked", "network", "low", Some("fixed")),
            ticket("t13", "payroll slow", "billing", "low", None),
        ],
        "files": [{"id": "f1", "name": "trace.log"}],
        "articles": [{"id": "k1", "topic": "vpn", "tip": "renew the token"}],
        "sla": [48, 24, 4],
        "next_ticket": 14,
    })
    .to_string()
}

struct Case {
    signed_in: bool,
    /// Calls that must succeed.
    before: Vec<(&'static str, Value)>,
    call: (&'static str, Value),
    wants: Fail,
}

fn case(wants: Fail, name: &'static str, args: Value) -> Case {
    Case { signed_in: true, before: Vec::new(), call: (name, args), wants }
}

/// The call succeeds once and is refused when repeated.
fn twice(wants: Fail, name: &'static str, args: Value) -> Case {
    Case { before: vec![(name, args.clone())], ..case(wants, name, args) }
}

fn cases() -> Vec<Case> {
    let login = |pin: &str| json!({"user": "ana", "pin": pin});
    let escalate = |ticket: &str, person: &str| json!({"ticket": ticket, "person": person, "reason": "outage"});
    vec![
        Case { signed_in: false, ..case(Fail::NoSession, "list_files", json!({})) },
        Case { signed_in: false, ..case(Fail::WrongPin, "login", login("4321")) },
        Case { signed_in: false, ..twice(Fail::SignedIn, "login", login("1234")) },
        Case { signed_in: false, ..case(Fail::UnknownUser, "login", json!({"user": "zoe", "pin": "1234"})) },
        case(Fail::UnknownPerson, "find_person", json!({"name": "Zoe"})),
        case(Fail::UnknownPerson, "get_team", json!({"team": "desktop"})),
        case(Fail::UnknownPerson, "assign", json!({"ticket": "t10", "person": "u9"})),
        case(Fail::UnknownPerson, "send_message", json!({"person": "Ben", "text": "hi"})),
        case(Fail::NoMatch, "search_tickets", json!({"word": "badge"})),
        case(Fail::NoMatch, "search_tickets", json!({"word": " "})),
        case(Fail::NoMatch, "search_articles", json!({"word": "badge"})),
        case(Fail::UnknownTicket, "get_ticket", json!({"ticket": "t99"})),
        case(Fail::UnknownTicket, "merge_tickets", json!({"ticket": "t10", "into": "t99"})),
        case(Fail::TicketClosed, "set_priority", json!({"ticket": "t12", "priority": "high"})),
        case(Fail::TicketClosed, "merge_tickets", json!({"ticket": "t10", "into": "t12"})),
        case(Fail::TicketClosed, "attach_file", json!({"ticket": "t12", "file": "f1"})),
        twice(Fail::TicketClosed, "close_ticket", json!({"ticket": "t10", "resolution": "fixed"})),
        case(Fail::NotClosed, "reopen_ticket", json!({"ticket": "t10"})),
        case(
            Fail::DuplicateTitle,
            "create_ticket",
            json!({"title": "VPN  slow.", "team": "billing", "priority": "low"}),
        ),
        case(Fail::Unchanged, "set_priority", json!({"ticket": "t10", "priority": "low"})),
        twice(Fail::Unchanged, "assign", json!({"ticket": "t10", "person": "u2"})),
        case(Fail::NotInTeam, "assign", json!({"ticket": "t10", "person": "u3"})),
        case(Fail::NotInTeam, "escalate", escalate("t11", "u3")),
        twice(Fail::HasTag, "add_tag", json!({"ticket": "t12", "tag": "audit"})),
        case(Fail::UnknownFile, "attach_file", json!({"ticket": "t10", "file": "trace.log"})),
        twice(Fail::Attached, "attach_file", json!({"ticket": "t10", "file": "f1"})),
        case(Fail::NotEligible, "escalate", escalate("t10", "u2")),
        twice(Fail::Escalated, "escalate", escalate("t11", "u2")),
        Case {
            before: vec![
                ("set_priority", json!({"ticket": "t10", "priority": "high"})),
                ("escalate", escalate("t10", "u2")),
            ],
            ..case(Fail::Escalated, "escalate", escalate("t10", "u1"))
        },
        case(Fail::SameTicket, "merge_tickets", json!({"ticket": "t10", "into": "t10"})),
        case(Fail::EmptyText, "send_message", json!({"person": "u2", "text": " . "})),
        case(Fail::EmptyText, "add_tag", json!({"ticket": "t10", "tag": ""})),
    ]
}

fn begin(signed_in: bool) -> Session<Helpdesk> {
    let mut session = Session::new();
    session.reset(&world(signed_in.then_some("u1"))).expect("the world is sound");
    session
}

#[test]
fn every_refusal_is_reached_declared_and_harmless() {
    let described = Helpdesk::describe();
    let mut reached = BTreeSet::new();
    for Case { signed_in, before, call: (name, args), wants } in cases() {
        let mut session = begin(signed_in);
        let mut call = |name: &str, args: &Value| {
            let hash = session.state_hash();
            let outcome = session.call(name, args, Side::Agent, &mut Quiet::new());
            assert!(outcome.is_ok() || session.state_hash() == hash, "{name} {args} was refused and changed the state");
            outcome
        };
        for (name, args) in &before {
            call(name, args).unwrap_or_else(|error| panic!("{name} {args}: {error:?}"));
        }
        let error = call(name, &args).expect_err(name);
        assert_eq!(error.code, wants.code(), "{name} {args}");
        assert_eq!(error.details, json!({"requires": wants.requires()}));
        let tool = described.tool(name).expect(name);
        assert!(tool.errors.iter().any(|(code, _)| *code == error.code), "{name} does not declare {}", error.code);
        reached.insert(wants);
    }
    let missed: Vec<_> = Fail::ALL.iter().filter(|fail| !reached.contains(fail)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_tool_that_needs_a_session_says_so() {
    for tool in Helpdesk::describe().tools {
        let mut session = begin(false);
        let error = session.call(tool.name, &json!({}), Side::Agent, &mut Quiet::new());
        let refused = error.is_err_and(|error| error.code == Fail::NoSession.code());
        let declared = tool.errors.iter().any(|(code, _)| *code == Fail::NoSession.code());
        assert_eq!(refused, declared, "{}", tool.name);
    }
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let cases = [
        ("get_ticket", json!({}), "missing_argument", "ticket"),
        ("get_ticket", json!({"ticket": 10}), "wrong_type", "ticket"),
        ("set_priority", json!({"ticket": "t10", "priority": "urgent"}), "wrong_value", "priority"),
        ("close_ticket", json!({"ticket": "t10", "resolution": "done"}), "wrong_value", "resolution"),
    ];
    for (name, args, code, argument) in cases {
        let error = begin(true).call(name, &args, Side::Agent, &mut Quiet::new()).expect_err(name);
        assert_eq!((error.code.as_str(), &error.details["argument"]), (code, &json!(argument)), "{name} {args}");
    }
    let error = begin(true).call("fly", &json!({}), Side::Agent, &mut Quiet::new()).expect_err("no such tool");
    assert_eq!(error.code, "unknown_tool");
}

#[test]
fn broken_worlds_are_refused() {
    let breaks: [(&str, Value, &str); 5] = [
        ("/me", json!("u9"), "u9 is signed in"),
        ("/people/1/id", json!("u1"), "u1 appears twice"),
        ("/tickets/0/team", json!("kitchen"), "kitchen"),
        ("/tickets/0/owner", json!("u9"), "u9"),
        ("/next_ticket", json!(12), "t12 exists"),
    ];
    for (path, value, says) in breaks {
        let mut state: Value = serde_json::from_str(&world(Some("u1"))).expect("JSON");
        *state.pointer_mut(path).expect(path) = value;
        let error = Session::<Helpdesk>::new().reset(&state.to_string()).expect_err(path);
        assert!(error.contains(says), "{path}: {error}");
    }
}
