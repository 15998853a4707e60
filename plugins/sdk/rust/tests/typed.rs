//! Typed tools and the builder describe the same tools; arguments are read, refused and answered as declared.

use std::collections::BTreeMap;

use coevo_sdk::session::Quiet;
use coevo_sdk::{Args, Choice, Context, Reply, Side, Tool, ToolError, ToolErrors, Tools, Ty, Value, json, tools};

const CARDS: [&str; 2] = ["visa", "amex"];
const BOOKING: &str = "^b[1-9][0-9]*$";

/// A bank, to have one of everything.
struct Bank;

#[derive(Default)]
struct State {
    paid: u32,
    payments: Vec<Payment>,
}

#[derive(Clone, Choice)]
enum Speed {
    Slow,
    #[choice("very fast")]
    VeryFast,
}

#[derive(Args)]
struct Guest {
    /// first name
    name: String,
    /// in years
    age: Option<u32>,
}

#[derive(Args)]
struct Pay {
    /// booking id
    #[arg(pattern = BOOKING)]
    booking: String,
    /// card to charge
    #[arg(one_of = CARDS)]
    card: String,
    /// euros
    #[arg(range = 1..=99)]
    amount: Option<u32>,
    /// how soon
    speed: Option<Speed>,
    /// who pays
    #[arg(name = "from-whom")]
    from: Option<Vec<Guest>>,
    /// one word each
    tags: Option<Vec<String>>,
    /// free text by key
    r#type: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Reply)]
struct Payment {
    id: u32,
    note: Option<String>,
}

#[derive(Reply)]
struct Paid {
    paid: u32,
    speed: Speed,
    note: Option<&'static str>,
    share: f64,
}

#[derive(Reply)]
struct Listing<'a> {
    payments: &'a [Payment],
}

#[derive(Debug, PartialEq, ToolErrors)]
enum ChargeError {
    /// the card has too little left
    #[message("{card} has only {left}")]
    CardLimit { card: String, left: u32 },
}

#[derive(Debug, PartialEq, ToolErrors)]
enum PayError {
    /// no such booking
    UnknownBooking,
    Charge(ChargeError),
}

#[tools]
impl Bank {
    /// pay for a booking,
    /// at once
    #[tool(
        pre = "The card covers the amount.",
        pre = "The booking is confirmed.",
        error(closed = "the bank is closed")
    )]
    fn pay(state: &mut State, args: Pay, context: &mut Context<'_>) -> Result<Paid, PayError> {
        if args.booking != "b1" {
            return Err(PayError::UnknownBooking);
        }
        let amount = args.amount.unwrap_or(1);
        if state.paid + amount > 99 {
            return Err(ChargeError::CardLimit { card: args.card, left: 99 - state.paid })?;
        }
        state.paid += amount;
        let adults = |guest: &&Guest| !guest.name.is_empty() && guest.age.is_none_or(|age| age > 17);
        let people = args.from.map_or(1, |from| from.iter().filter(adults).count());
        let tags = args.tags.unwrap_or_default().len() + args.r#type.unwrap_or_default().len();
        state
            .payments
            .push(Payment { id: tags as u32, note: args.speed.as_ref().map(|speed| speed.word().to_owned()) });
        Ok(Paid {
            paid: state.paid,
            speed: args.speed.unwrap_or(Speed::Slow),
            note: (context.side() == Side::User).then_some("by the user"),
            share: f64::from(amount) / people as f64,
        })
    }

    /// all payments
    #[tool]
    fn payments(state: &State) -> Listing<'_> {
        Listing { payments: &state.payments }
    }

    /// forget everything
    #[tool(user, name = "wipe")]
    fn wipe_everything(state: &mut State) {
        *state = Self::nothing();
    }

    /// the untyped way
    #[tool(error(nope = "never works"))]
    fn fail(_state: &State) -> Result<(), ToolError> {
        Err(ToolError::new("nope", "no", Value::Null))
    }

    fn nothing() -> State {
        State::default()
    }
}

/// The same tools by hand.
fn built() -> Vec<Tool> {
    vec![
        Tool::new("pay")
            .doc("pay for a booking, at once")
            .mutates()
            .arg("booking", Ty::String, "booking id")
            .pattern(BOOKING)
            .arg("card", Ty::String, "card to charge")
            .one_of(&CARDS)
            .opt("amount", Ty::Int, "euros")
            .range(1, 99)
            .opt("speed", Ty::String, "how soon")
            .one_of(&["slow", "very fast"])
            .opt("from-whom", Ty::List(&[("name", Ty::String), ("age", Ty::Optional(&Ty::Int))]), "who pays")
            .opt("tags", Ty::Strings, "one word each")
            .opt("type", Ty::Map(&Ty::String), "free text by key")
            .returns("paid", Ty::Int)
            .returns("speed", Ty::OneOf(&["slow", "very fast"]))
            .may_return("note", Ty::String)
            .returns("share", Ty::Number)
            .error("unknown_booking", "no such booking")
            .error("card_limit", "the card has too little left")
            .pre("The card covers the amount.")
            .pre("The booking is confirmed.")
            .error("closed", "the bank is closed"),
        Tool::new("payments")
            .doc("all payments")
            .returns("payments", Ty::List(&[("id", Ty::Int), ("note", Ty::Optional(&Ty::String))])),
        Tool::new("wipe").doc("forget everything").user_side().mutates(),
        Tool::new("fail").doc("the untyped way").error("nope", "never works"),
    ]
}

#[test]
fn typed_tools_equal_built_ones() {
    let typed = Bank::tools();
    for (typed, built) in typed.iter().zip(built()) {
        assert_eq!(typed.arguments_schema().to_string(), built.arguments_schema().to_string());
        assert_eq!(typed.result_schema().to_string(), built.result_schema().to_string());
        assert_eq!(*typed, built);
    }
    assert_eq!(typed.len(), built().len());
    let guests = &typed[0].arguments_schema()["properties"]["from-whom"]["items"];
    assert_eq!(guests["required"], json!(["name"]), "an Option in a nested struct may be left out");
}

fn call(state: &mut State, name: &str, args: Value) -> Result<Value, ToolError> {
    let mut around = Quiet::new();
    Bank::dispatch(state, &mut Context::new(Side::Agent, 0, &mut around), name, &args)
}

#[test]
fn results_and_errors_are_written_as_declared() {
    let mut state = State::default();
    let full = json!({
        "booking": "b1", "card": "visa", "amount": 40, "speed": "very fast", "type": {"a": "b"}, "tags": ["x"],
        "from-whom": [{"name": "Ada"}, {"name": "Bo", "age": 7}],
    });
    let paid = call(&mut state, "pay", full).expect("pays");
    assert_eq!(paid.to_string(), r#"{"paid":40,"speed":"very fast","share":40.0}"#);
    let paid = call(&mut state, "pay", json!({"booking": "b1", "card": "amex"})).expect("pays");
    assert_eq!(paid, json!({"paid": 41, "speed": "slow", "share": 1.0}));
    let listed = call(&mut state, "payments", json!({})).expect("lists");
    assert_eq!(listed.to_string(), r#"{"payments":[{"id":2,"note":"very fast"},{"id":0}]}"#);

    let error = call(&mut state, "pay", json!({"booking": "b2", "card": "visa"})).unwrap_err();
    assert_eq!(error, ToolError::new("unknown_booking", "no such booking", Value::Null));
    let error = call(&mut state, "pay", json!({"booking": "b1", "card": "visa", "amount": 59})).unwrap_err();
    assert_eq!(error, ToolError::new("card_limit", "visa has only 58", json!({"card": "visa", "left": 58})));
    assert_eq!(call(&mut state, "fail", json!({})).unwrap_err().code, "nope");
    assert_eq!(call(&mut state, "wipe", json!({})), Ok(json!({})));
    assert_eq!(state.paid, 0);
    assert_eq!(call(&mut state, "wipe_everything", json!({})).unwrap_err(), ToolError::unknown_tool("wipe_everything"));
}

#[test]
fn a_mismatch_names_the_argument_and_what_was_expected() {
    let with = |key: &str, value: Value| {
        let mut args = json!({"booking": "b1", "card": "visa"});
        args[key] = value;
        args
    };
    let cases = [
        (json!([]), "wrong_type", "", "arguments must be an object"),
        (json!({"card": "visa"}), "missing_argument", "booking", "booking is required"),
        (with("booking", json!(1)), "wrong_type", "booking", "booking must be a string"),
        (with("card", json!("gold")), "wrong_type", "card", "card must be one of visa, amex"),
        (with("amount", json!(0)), "wrong_type", "amount", "amount must be 1 to 99"),
        (with("amount", json!("1")), "wrong_type", "amount", "amount must be a whole number that fits u32"),
        (with("amount", json!(null)), "wrong_type", "amount", "amount must be a whole number that fits u32"),
        (with("speed", json!("fast")), "wrong_type", "speed", "speed must be one of slow, very fast"),
        (with("from-whom", json!({})), "wrong_type", "from-whom", "from-whom must be a list"),
        (
            with("from-whom", json!([{"age": 3}])),
            "missing_argument",
            "from-whom/0/name",
            "from-whom/0/name is required",
        ),
        (with("tags", json!([1])), "wrong_type", "tags/0", "tags/0 must be a string"),
        (with("type", json!({"a": 1})), "wrong_type", "type/a", "type/a must be a string"),
    ];
    for (args, code, argument, message) in cases {
        let mut state = State::default();
        let error = call(&mut state, "pay", args).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message));
        assert_eq!(error.details["argument"], argument);
        assert_eq!(state.paid, 0);
    }
}
