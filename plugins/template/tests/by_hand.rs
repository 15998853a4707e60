//! The typed tools describe themselves exactly as the SDK's builder would by hand: the host sees no difference.

use coevo_sdk::{Context, Description, Environment, Side, Tool, Ty, json, session::Quiet};
use todo::{Item, State, Todo};

#[test]
fn the_description_is_the_builders() {
    let tools = vec![
        Tool::new("list_items")
            .doc("everything on the list")
            .returns("items", Ty::List(&[("id", Ty::Int), ("text", Ty::String), ("done", Ty::Bool)])),
        Tool::new("add_item")
            .doc("put something on the list")
            .mutates()
            .arg("text", Ty::String, "a few words")
            .returns("id", Ty::Int),
        Tool::new("finish_item")
            .doc("tick something off")
            .mutates()
            .arg("id", Ty::Int, "id of an item")
            .range(1, 99)
            .returns("left", Ty::Int)
            .pre("The item must be on the list and not done.")
            .error("unknown_item", "no item has this id")
            .error("already_done", "the item is done already"),
    ];
    let splits = vec![("train", 400), ("dev", 100), ("test", 400)];
    let (name, version, summary) = ("todo", "1.0.0", "A list of things to do.");
    assert_eq!(Todo::describe(), Description { name, version, summary, tools, splits, categories: vec!["base"] });
}

#[test]
fn calls_answer_as_declared() {
    let item = |id, done| Item { id, text: "3 lamps".into(), done };
    let mut state = State { items: vec![item(1, false), item(2, true)] };
    let cases = [
        ("finish_item", json!({"id": 1}), Ok(json!({"left": 0}))),
        ("finish_item", json!({"id": 1}), Err(("already_done", "item 1 is done already", json!({"id": 1})))),
        ("finish_item", json!({"id": 7}), Err(("unknown_item", "no item 7", json!({"id": 7})))),
        ("add_item", json!({"text": "2 pens"}), Ok(json!({"id": 3}))),
        (
            "finish_item",
            json!({"id": -1}),
            Err(("wrong_type", "id must be 1 to 99", json!({"argument": "id", "expected": "1 to 99"}))),
        ),
    ];
    for (name, args, want) in cases {
        let mut around = Quiet::new();
        let said = Todo::call(&mut state, &mut Context::new(Side::Agent, 0, &mut around), name, &args);
        let want = want.map_err(|(code, message, details)| coevo_sdk::ToolError::new(code, message, details));
        assert_eq!(said, want);
    }
}
