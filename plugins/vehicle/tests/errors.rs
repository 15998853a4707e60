//! Every typed error can be reached, says what was wrong, and leaves the car as it was.

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::{Quiet, Session, Side};
use coevo_sdk::{Value, json};
use vehicle::Vehicle;

/// A parked car: engine off, brake released, parking brake set, doors closed and unlocked.
fn parked() -> Value {
    json!({
        "engine": false, "brake": false, "parking": true, "gear": "park", "locked": false,
        "doors": {"driver": false, "passenger": false, "rear-left": false, "rear-right": false, "trunk": false},
        "degrees": 20, "vent": "auto", "lights": "off", "cruise": 0, "litres": 10,
        "tyres": {"front-left": 240, "front-right": 240, "back-left": 240, "back-right": 200}, "want": 240,
        "places": {"p1": {"name": "Zoo", "km": 40}, "p2": {"name": "Beach", "km": 500}}, "route": null,
    })
}

/// The same car on the road.
fn driving() -> Value {
    let mut state = parked();
    for (key, value) in
        [("engine", json!(true)), ("locked", json!(true)), ("parking", json!(false)), ("gear", json!("drive"))]
    {
        state[key] = value;
    }
    state
}

#[test]
fn every_declared_error_is_reached_and_changes_nothing() {
    let (parked, driving) = (parked(), driving());
    let off = |tool, args, code| Refused::new(&parked, tool, args, code);
    let on = |tool, args, code| Refused::new(&driving, tool, args, code);
    let trunk = || json!({"door": "trunk"});
    let gear = |gear: &str| json!({"gear": gear});
    check_refusals::<Vehicle>(&[
        on("lock_doors", json!({}), "doors_locked"),
        off("lock_doors", json!({}), "door_open").after::<Vehicle>("open_door", &trunk()),
        off("unlock_doors", json!({}), "doors_unlocked"),
        on("unlock_doors", json!({}), "not_in_park"),
        off("open_door", trunk(), "doors_locked").after::<Vehicle>("lock_doors", &json!({})),
        on("open_door", trunk(), "not_in_park").with("/locked", json!(false)),
        off("open_door", trunk(), "already_open").again::<Vehicle>(),
        off("close_door", trunk(), "already_closed"),
        off("press_brake", json!({}), "brake_pressed").again::<Vehicle>(),
        off("release_brake", json!({}), "brake_released"),
        off("parking_brake", json!({"action": "set"}), "unchanged"),
        on("parking_brake", json!({"action": "set"}), "not_in_park"),
        on("start_engine", json!({}), "engine_running"),
        off("start_engine", json!({}), "doors_unlocked").after::<Vehicle>("press_brake", &json!({})),
        off("start_engine", json!({}), "brake_released").after::<Vehicle>("lock_doors", &json!({})),
        off("start_engine", json!({}), "tank_empty")
            .with("/litres", json!(0))
            .with("/brake", json!(true))
            .with("/locked", json!(true)),
        off("stop_engine", json!({}), "engine_off"),
        on("stop_engine", json!({}), "not_in_park"),
        off("shift_gear", gear("drive"), "engine_off"),
        on("shift_gear", gear("park"), "brake_released"),
        off("shift_gear", gear("drive"), "parking_brake_set").with("/engine", json!(true)).with("/brake", json!(true)),
        off("shift_gear", gear("neutral"), "door_open")
            .with("/engine", json!(true))
            .with("/brake", json!(true))
            .with("/doors/driver", json!(true)),
        on("shift_gear", gear("drive"), "unchanged").with("/brake", json!(true)),
        off("set_cruise", json!({"speed": 80}), "not_in_drive"),
        on("set_cruise", json!({"speed": 80}), "brake_pressed").with("/brake", json!(true)),
        on("set_cruise", json!({"speed": 80}), "unchanged").again::<Vehicle>(),
        off("set_temperature", json!({"degrees": 22}), "engine_off"),
        on("set_temperature", json!({"degrees": 20}), "unchanged"),
        off("set_vent", json!({"vent": "feet"}), "engine_off"),
        on("set_vent", json!({"vent": "auto"}), "unchanged"),
        off("set_lights", json!({"mode": "off"}), "unchanged"),
        off("find_place", json!({"name": "Moon"}), "unknown_name"),
        off("set_route", json!({"place": "p9"}), "unknown_place"),
        off("set_route", json!({"place": "p2"}), "out_of_range"),
        off("set_route", json!({"place": "p1"}), "unchanged").again::<Vehicle>(),
        on("add_fuel", json!({"litres": 5}), "engine_running"),
        off("add_fuel", json!({"litres": 51}), "tank_full"),
        on("inflate", json!({"tyre": "back-right", "kpa": 240}), "not_in_park"),
        off("inflate", json!({"tyre": "back-left", "kpa": 240}), "not_low"),
        off("inflate", json!({"tyre": "back-left", "kpa": 310}), "too_much"),
    ]);
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Vehicle> = Session::new();
    session.reset(&parked().to_string()).unwrap();
    let steps = [
        ("open_door", json!({"door": "trunk"}), json!({"open": "trunk"})),
        ("check_doors", json!({}), json!({"locked": false, "open": ["trunk"]})),
        ("close_door", json!({"door": "trunk"}), json!({"closed": "trunk"})),
        ("add_fuel", json!({"litres": 40}), json!({"litres": 50})),
        ("check_fuel", json!({}), json!({"litres": 50, "range": 600})),
        ("check_tyres", json!({}), json!({"low": ["back-right"], "want": 240})),
        ("inflate", json!({"tyre": "back-right", "kpa": 240}), json!({"kpa": 240})),
        ("lock_doors", json!({}), json!({"locked": true})),
        ("press_brake", json!({}), json!({"pressed": true})),
        ("start_engine", json!({}), json!({"engine": "running"})),
        ("parking_brake", json!({"action": "release"}), json!({"parking_brake": "released"})),
        ("find_place", json!({"name": "beach"}), json!({"place": "p2", "km": 500})),
        ("set_route", json!({"place": "p2"}), json!({"km": 500})),
        ("set_temperature", json!({"degrees": 23}), json!({"degrees": 23})),
        ("set_vent", json!({"vent": "feet"}), json!({"vent": "feet"})),
        ("set_lights", json!({"mode": "fog"}), json!({"lights": "fog"})),
        ("shift_gear", json!({"gear": "drive"}), json!({"gear": "drive"})),
        ("release_brake", json!({}), json!({"pressed": false})),
        ("set_cruise", json!({"speed": 90}), json!({"speed": 90})),
        ("press_brake", json!({}), json!({"pressed": true})),
        ("shift_gear", json!({"gear": "park"}), json!({"gear": "park"})),
        ("stop_engine", json!({}), json!({"engine": "off"})),
        ("unlock_doors", json!({}), json!({"locked": false})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
    assert_eq!(session.state().unwrap().cruise, 0, "leaving drive ends cruise control");
}

#[test]
fn cars_that_cannot_be_are_refused() {
    let breaks = [
        ("/gear", json!("drive"), "in park"),
        ("/gear", json!("fifth"), "fifth"),
        ("/litres", json!(61), "overflows"),
        ("/route", json!("p9"), "nowhere"),
        ("/cruise", json!(80), "needs drive"),
        ("/doors", json!({}), "doors"),
        ("/tyres", json!({}), "tyres"),
    ];
    for (place, value, says) in breaks {
        let mut state = parked();
        *state.pointer_mut(place).unwrap() = value;
        let error = Session::<Vehicle>::new().reset(&state.to_string()).expect_err(place);
        assert!(error.contains(says), "{place}: {error}");
    }
}
