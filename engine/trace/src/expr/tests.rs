//! Expressions: what they mean, what is answered to a wrong one, and that no text is too strange.

use proptest::prelude::*;
use rusqlite::types::Value as Sql;

use super::fields::{FIELDS, Kind};
use super::*;

fn sql(text: &str) -> String {
    let expr: Expr = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let mut values = Vec::new();
    let mut sql = expr.sql(&mut values);
    for (number, value) in values.iter().enumerate().rev() {
        let shown = match value {
            Sql::Text(text) => format!("'{text}'"),
            Sql::Integer(number) => number.to_string(),
            Sql::Real(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        sql = sql.replace(&format!("?{}", number + 1), &shown);
    }
    sql
}

#[test]
fn expressions_become_conditions() {
    for (text, expected) in [
        ("round>5", "(round > 5)"),
        ("ROUND >= 5", "(round >= 5)"),
        ("stage=train", "(stage = 1)"),
        ("reward<1", "IFNULL(reward < 1, 0)"),
        ("reward!=1", "NOT IFNULL(reward = 1, 0)"),
        ("unscored", "((reward IS NULL) = 1)"),
        ("unscored=false", "((reward IS NULL) = 0)"),
        ("not failed", "NOT IFNULL((reward < 1) = 1, 0)"),
        ("env in (travel, 'help desk')", "(env IN ('travel', 'help desk'))"),
        ("env not in (travel)", "NOT (env = 'travel')"),
        ("id~50%", "error"),
        ("id~'50%'", "(task_id LIKE '%50\\%%' ESCAPE '\\')"),
        ("first_failing=2", "IFNULL(first_failing + 1 = 2, 0)"),
        (
            "label=state-mismatch",
            "EXISTS (SELECT 1 FROM labels WHERE labels.episode = episodes.id AND label = 'state_mismatch')",
        ),
        ("tool=book", "EXISTS (SELECT 1 FROM tools WHERE tools.episode = episodes.id AND tool = 'book')"),
        ("env=a or env=b and round=1", "((env = 'a') OR ((env = 'b') AND (round = 1)))"),
        ("(env=a or env=b) and round=1", "(((env = 'a') OR (env = 'b')) AND (round = 1))"),
        ("not env=a and round=1", "(NOT (env = 'a') AND (round = 1))"),
        ("env==a && !(round<>1)", "((env = 'a') AND NOT NOT (round = 1))"),
        ("name=coevo/r003/train/0012/4", "(name = 'coevo/r003/train/0012/4')"),
        ("seed=18446744073709551615", "(task_seed = -1)"),
    ] {
        if expected == "error" {
            assert!(text.parse::<Expr>().is_err(), "{text}");
        } else {
            assert_eq!(sql(text), expected, "{text}");
        }
    }
}

#[test]
fn a_wrong_expression_is_answered_with_place_value_and_fix() {
    let check = |text: &str, expected: &str| {
        let error = text.parse::<Expr>().expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    };
    check(
        "round>5 and labl=pass",
        "at column 13: there is no field `labl`\n  round>5 and labl=pass\n              ^^^^\n  hint: did you mean `label`?",
    );
    check(
        "label=state_mismach",
        "at column 7: `state_mismach` is no label\n  label=state_mismach\n        ^^^^^^^^^^^^^\n  hint: did you mean `state_mismatch`?",
    );
    check(
        "round=five",
        "at column 7: `round` is a number, `five` is none\n  round=five\n        ^^^^\n  hint: such as round>1",
    );
    check(
        "(env=travel or round=1",
        "at column 23: the `(` at column 1 is not closed\n  (env=travel or round=1\n                        ^\n  hint: write `)` before the end",
    );
    for (text, message, hint) in [
        ("", "the expression is empty", "such as label"),
        ("round", "an operator is expected after `round`", "such as round="),
        ("env<b", "`env` has no order", "use = or !="),
        ("round~1", "`round` is no text", "use = with"),
        ("env='travel", "this text has no end", "close it with '"),
        ("env=travel round=1", "`round` follows a whole expression", "join tests with `and`"),
        ("env=", "a value is expected, not the end", "write a value for `env`"),
        ("env in travel", "`(` is expected after `in`", "such as env in (a, b)"),
        ("env in (a b)", "`b` is not expected in a list", "separate values"),
        ("stage=tests", "`tests` is no stage", "did you mean `test`?"),
        ("env=a; drop", "`;` means nothing here", "quotes"),
        ("= 3", "a field is expected, not `=`", "FIELD OPERATOR VALUE"),
        ("round=nan", "`round` is a number, `nan` is none", "such as"),
        ("zzzz=1", "there is no field `zzzz`", "there are `arm`"),
    ] {
        let error = text.parse::<Expr>().expect_err(text);
        assert!(error.message.contains(message) && error.hint.contains(hint), "{text}: {error}");
    }
    let deep = format!("{}round=1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(deep.parse::<Expr>().expect_err("deep").message, "this is nested too deeply");
}

#[test]
fn orders_name_fields_with_one_value() {
    let place = |error: ExprError| (error.start, error.end, error.hint);
    assert!(crate::Sort::parse("-reward, round").is_ok());
    assert_eq!(
        place(crate::Sort::parse("round,rewrd").expect_err("misspelt")),
        (6, 11, "did you mean `reward`?".into())
    );
    assert!(crate::Sort::parse("label").expect_err("several").message.contains("several values"));
}

/// A value that the field takes, as a user would write it.
fn value(field: &'static Field) -> BoxedStrategy<String> {
    match field.kind {
        Kind::Text => "[a-z0-9 =()'%_]{0,8}".prop_map(|text| format!("\"{text}\"")).boxed(),
        Kind::Number => (-40i32..40).prop_map(|number| format!("{}", f64::from(number) / 4.0)).boxed(),
        Kind::Seed => any::<u64>().prop_map(|seed| seed.to_string()).boxed(),
        _ => prop::sample::select(field.choices()).prop_map(str::to_owned).boxed(),
    }
}

fn test() -> impl Strategy<Value = String> {
    (0..FIELDS.len()).prop_flat_map(|at| {
        let field = &FIELDS[at];
        let ops: &[&str] = match field.kind {
            Kind::Number => &["=", "!=", "<", "<=", ">", ">="],
            Kind::Text => &["=", "!=", "~"],
            _ => &["=", "!="],
        };
        let list = prop::collection::vec(value(field), 1..4).prop_map(|values| format!(" in ({})", values.join(", ")));
        let single = (prop::sample::select(ops.to_vec()), value(field)).prop_map(|(op, value)| format!("{op}{value}"));
        prop_oneof![single, list].prop_map(|rest| format!("{}{rest}", field.name))
    })
}

/// Any expression, with every part in parentheses.
fn expressions() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_an_error_inside_it(text in "\\PC{0,40}|([a-z_]{1,9}|[=<>!~(),'\"]|and|or|not|in| ){0,16}") {
        if let Err(error) = text.parse::<Expr>() {
            let length = text.chars().count();
            prop_assert!(error.start <= error.end && error.end <= length, "{error:?}");
            prop_assert!(!error.message.is_empty() && !error.hint.is_empty());
            let _ = error.to_string();
        }
    }

    #[test]
    fn every_expression_is_sql_that_runs(text in expressions()) {
        let expr: Expr = text.parse().expect("generated from the grammar");
        let db = rusqlite::Connection::open_in_memory().expect("memory");
        db.execute_batch(crate::tables::SCHEMA).expect("tables");
        db.execute_batch(crate::tables::ADDED_BY_2).expect("tables");
        let mut values = Vec::new();
        let condition = expr.sql(&mut values);
        let count = values.len();
        // An expression is true or false, never neither.
        let sql = format!("SELECT count(*) FROM episodes WHERE ({condition}) IS NULL");
        let mut query = db.prepare(&sql).expect("valid SQL");
        prop_assert_eq!(query.parameter_count(), count);
        let neither: u32 = query.query_row(rusqlite::params_from_iter(values), |row| row.get(0)).expect("runs");
        prop_assert_eq!(neither, 0);
    }
}
