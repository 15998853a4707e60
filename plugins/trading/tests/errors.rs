//! Every refusal is reached, declared and harmless; every tool does what it says; broken accounts are refused.

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::Quiet;
use coevo_sdk::{Session, Side, Value, json};
use trading::Trading;

/// 500 in cash, ten shares of ALPN at 50; `o1` bought BORL, `o2` waits to buy it, `o3` waits to sell ALPN.
fn account() -> Value {
    let stock = |company: &str, price: u32, halted: bool| json!({"company": company, "sector": "tech", "price": price, "halted": halted});
    let order = |symbol: &str, side: &str, shares: u32, limit: Option<u32>, status: &str| json!({"symbol": symbol, "side": side, "shares": shares, "limit": limit, "status": status});
    json!({
        "open": true, "opens": "09:30", "closes": "16:00",
        "stocks": {
            "ALPN": stock("Alpine", 50, false), "BORL": stock("Borealis", 20, false), "COBT": stock("Cobalt", 9, true),
            "DRDO": stock("Dorado", 7, false), "EMBR": stock("Ember", 30, false),
        },
        "cash": 500, "bank": 100,
        "holdings": {"ALPN": 10, "COBT": 4},
        "orders": {
            "1": order("BORL", "buy", 5, None, "filled"),
            "2": order("BORL", "buy", 5, Some(18), "waiting"),
            "3": order("ALPN", "sell", 2, Some(60), "waiting"),
        },
        "watchlist": ["ALPN", "BORL", "COBT"],
        "alerts": [{"symbol": "ALPN", "above": true, "price": 60}],
    })
}

fn cases() -> Vec<Refused> {
    let case =
        |tool: &'static str, arguments: Value, code: &'static str| Refused { state: account(), tool, arguments, code };
    let with = |change: fn(&mut Value), case: Refused| {
        let mut case = case;
        change(&mut case.state);
        case
    };
    let shut: fn(&mut Value) = |state| state["open"] = json!(false);
    let full: fn(&mut Value) = |state| state["watchlist"] = json!(["ALPN", "BORL", "COBT", "DRDO"]);
    let mut cases = vec![
        case("find_stock", json!({"company": "Acme"}), "unknown_company"),
        case("list_sector", json!({"sector": "toys"}), "unknown_sector"),
        case("buy", json!({"symbol": "ALPN", "shares": 0}), "bad_amount"),
        case("buy", json!({"symbol": "ALPN", "shares": 1, "limit": 0}), "bad_amount"),
        case("buy", json!({"symbol": "COBT", "shares": 1}), "halted"),
        case("buy", json!({"symbol": "ALPN", "shares": 11}), "insufficient_funds"),
        case("buy", json!({"symbol": "ALPN", "shares": 1_000_000, "limit": 1_000_000}), "insufficient_funds"),
        with(shut, case("buy", json!({"symbol": "ALPN", "shares": 1}), "market_closed")),
        with(shut, case("buy", json!({"symbol": "ALPN", "shares": 10, "limit": 51}), "insufficient_funds")),
        case("sell", json!({"symbol": "ALPN", "shares": 0}), "bad_amount"),
        case("sell", json!({"symbol": "COBT", "shares": 1}), "halted"),
        case("sell", json!({"symbol": "ALPN", "shares": 11}), "insufficient_shares"),
        case("sell", json!({"symbol": "BORL", "shares": 1}), "insufficient_shares"),
        with(shut, case("sell", json!({"symbol": "ALPN", "shares": 1}), "market_closed")),
        case("change_limit", json!({"order": "o1", "limit": 5}), "not_waiting"),
        case("change_limit", json!({"order": "o2", "limit": 18}), "same_limit"),
        case("change_limit", json!({"order": "o2", "limit": 0}), "bad_amount"),
        with(shut, case("change_limit", json!({"order": "o2", "limit": 900}), "insufficient_funds")),
        case("cancel_order", json!({"order": "o1"}), "not_waiting"),
        case("deposit", json!({"amount": 0}), "bad_amount"),
        case("deposit", json!({"amount": 101}), "bank_short"),
        case("withdraw", json!({"amount": 0}), "bad_amount"),
        case("withdraw", json!({"amount": 501}), "insufficient_funds"),
        case("watch", json!({"symbol": "ALPN"}), "already_watched"),
        with(full, case("watch", json!({"symbol": "EMBR"}), "watchlist_full")),
        case("unwatch", json!({"symbol": "EMBR"}), "not_watched"),
        case("set_alert", json!({"symbol": "ALPN", "when": "near", "price": 60}), "bad_side"),
        case("set_alert", json!({"symbol": "ALPN", "when": "above", "price": 0}), "bad_amount"),
        case("set_alert", json!({"symbol": "ALPN", "when": "above", "price": 49}), "alert_due"),
        case("set_alert", json!({"symbol": "ALPN", "when": "below", "price": 51}), "alert_due"),
        case("set_alert", json!({"symbol": "ALPN", "when": "above", "price": 60}), "alert_set"),
    ];
    for tool in ["quote", "buy", "sell", "watch", "unwatch", "set_alert"] {
        let arguments = json!({"symbol": "NOPE", "shares": 1, "when": "above", "price": 1});
        cases.push(case(tool, arguments, "unknown_symbol"));
    }
    for tool in ["get_order", "change_limit", "cancel_order"] {
        for order in ["o9", "3", "o03"] {
            cases.push(case(tool, json!({"order": order, "limit": 5}), "unknown_order"));
        }
    }
    cases
}

#[test]
fn every_refusal_is_reached_declared_and_harmless() {
    check_refusals::<Trading>(&cases());
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Trading> = Session::new();
    session.reset(&account().to_string()).unwrap();
    let steps = [
        ("find_stock", json!({"company": "alpine"}), json!({"symbol": "ALPN"})),
        ("quote", json!({"symbol": "ALPN"}), json!({"symbol": "ALPN", "price": 50})),
        ("list_sector", json!({"sector": "health"}), json!({"symbols": []})),
        ("market_hours", json!({}), json!({"market": "open", "opens": "09:30", "closes": "16:00"})),
        ("buy", json!({"symbol": "ALPN", "shares": 2}), json!({"order": "o4", "status": "filled", "price": 50})),
        ("get_funds", json!({}), json!({"cash": 400, "bank": 100})),
        (
            "buy",
            json!({"symbol": "DRDO", "shares": 5, "limit": 9}),
            json!({"order": "o5", "status": "filled", "price": 7}),
        ),
        ("buy", json!({"symbol": "DRDO", "shares": 5, "limit": 5}), json!({"order": "o6", "status": "waiting"})),
        ("get_funds", json!({}), json!({"cash": 340, "bank": 100})),
        ("change_limit", json!({"order": "o6", "limit": 6}), json!({"status": "waiting"})),
        ("get_funds", json!({}), json!({"cash": 335, "bank": 100})),
        ("change_limit", json!({"order": "o6", "limit": 8}), json!({"status": "filled"})),
        ("get_funds", json!({}), json!({"cash": 330, "bank": 100})),
        ("sell", json!({"symbol": "ALPN", "shares": 12, "limit": 55}), json!({"order": "o7", "status": "waiting"})),
        (
            "get_holdings",
            json!({}),
            json!({"holdings": [{"symbol": "COBT", "shares": 4}, {"symbol": "DRDO", "shares": 10}]}),
        ),
        ("cancel_order", json!({"order": "o7"}), json!({"status": "cancelled"})),
        ("cancel_order", json!({"order": "o2"}), json!({"status": "cancelled"})),
        ("list_orders", json!({}), json!({"orders": [{"order": "o3", "side": "sell", "symbol": "ALPN"}]})),
        (
            "get_order",
            json!({"order": "o3"}),
            json!({"side": "sell", "symbol": "ALPN", "shares": 2, "status": "waiting", "limit": 60}),
        ),
        ("change_limit", json!({"order": "o3", "limit": 45}), json!({"status": "filled"})),
        ("sell", json!({"symbol": "ALPN", "shares": 12}), json!({"order": "o8", "status": "filled", "price": 50})),
        ("get_funds", json!({}), json!({"cash": 1120, "bank": 100})),
        ("deposit", json!({"amount": 100}), json!({"cash": 1220})),
        ("withdraw", json!({"amount": 20}), json!({"cash": 1200})),
        ("watch", json!({"symbol": "DRDO"}), json!({"ok": true})),
        ("unwatch", json!({"symbol": "ALPN"}), json!({"ok": true})),
        ("get_watchlist", json!({}), json!({"symbols": ["BORL", "COBT", "DRDO"]})),
        ("set_alert", json!({"symbol": "ALPN", "when": "below", "price": 40}), json!({"ok": true})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
    let error = session.call("fly", &json!({}), Side::Agent, &mut Quiet::new()).unwrap_err();
    assert_eq!(error.code, "unknown_tool");
}

#[test]
fn broken_accounts_are_refused() {
    let breaks: [(&str, Value, &str); 5] = [
        ("/watchlist/0", json!("NOPE"), "NOPE"),
        ("/orders/1/symbol", json!("NOPE"), "NOPE"),
        ("/holdings/ALPN", json!(0), "ALPN"),
        ("/cash", json!(4_000_000_000_u32), "out of range"),
        ("/watchlist", json!(["ALPN", "BORL", "COBT", "DRDO", "EMBR"]), "more than 4"),
    ];
    for (path, value, says) in breaks {
        let mut state = account();
        *state.pointer_mut(path).expect(path) = value;
        let error = Session::<Trading>::new().reset(&state.to_string()).expect_err(path);
        assert!(error.contains(says), "{path}: {error}");
    }
}
