//! The tools as an agent is told of them.

use coevo_sdk::{Tool, Ty};

use crate::rules::*;
use crate::state::{DOORS, GEARS, LIGHTS, TYRES, VENTS};

/// A tool that changes something; its result says what is so now.
fn change(name: &'static str, doc: &'static str, field: &'static str, ty: Ty) -> Tool {
    Tool::new(name).doc(doc).returns(field, ty).mutates()
}

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        change("lock_doors", "lock all doors", "locked", Ty::Bool).rules(&[UNLOCKED, SHUT]),
        change("unlock_doors", "unlock all doors", "locked", Ty::Bool).rules(&[LOCKED, PARKED]),
        change("open_door", "open a door", "open", Ty::String)
            .arg("door", Ty::String, "which door")
            .one_of(&DOORS)
            .rules(&[UNLOCKED, PARKED, DOOR_CLOSED]),
        change("close_door", "close a door", "closed", Ty::String)
            .arg("door", Ty::String, "which door")
            .one_of(&DOORS)
            .rules(&[DOOR_OPEN]),
        Tool::new("check_doors").doc("which doors are open").returns("locked", Ty::Bool).returns("open", Ty::Strings),
        change("press_brake", "press the brake", "pressed", Ty::Bool).rules(&[NO_BRAKE]),
        change("release_brake", "release the brake", "pressed", Ty::Bool).rules(&[BRAKE]),
        change("parking_brake", "set or release it", "parking_brake", Ty::String)
            .arg("action", Ty::String, "set or release")
            .one_of(&["set", "release"])
            .error(PARKED.code, PARKED.message)
            .pre("It is set in park only.")
            .rules(&[NEW]),
        change("start_engine", "start the engine", "engine", Ty::String).rules(&[ENGINE_OFF, LOCKED, BRAKE, FUEL]),
        change("stop_engine", "stop the engine", "engine", Ty::String).rules(&[ENGINE_ON, PARKED]),
        change("shift_gear", "change the gear", "gear", Ty::String)
            .arg("gear", Ty::String, "the new gear")
            .one_of(&GEARS)
            .rules(&[ENGINE_ON, BRAKE, NO_PARKING, SHUT, NEW]),
        change("set_cruise", "cruise control", "speed", Ty::Int)
            .arg("speed", Ty::Int, "km/h")
            .range(30, 150)
            .rules(&[DRIVING, NO_BRAKE, NEW]),
        change("set_temperature", "cabin temperature", "degrees", Ty::Int)
            .arg("degrees", Ty::Int, "Celsius")
            .range(16, 28)
            .rules(&[ENGINE_ON, NEW]),
        change("set_vent", "where the air goes", "vent", Ty::String)
            .arg("vent", Ty::String, "where")
            .one_of(&VENTS)
            .rules(&[ENGINE_ON, NEW]),
        change("set_lights", "headlights", "lights", Ty::String)
            .arg("mode", Ty::String, "which light")
            .one_of(&LIGHTS)
            .rules(&[NEW]),
        Tool::new("find_place")
            .doc("id and distance of a place")
            .arg("name", Ty::String, "name of the place")
            .returns("place", Ty::String)
            .returns("km", Ty::Int)
            .rules(&[NAME]),
        change("set_route", "guide to a place", "km", Ty::Int)
            .arg("place", Ty::String, "id of a place")
            .pattern("^p[1-9][0-9]*$")
            .rules(&[PLACE, RANGE, NEW]),
        Tool::new("check_fuel").doc("fuel and range").returns("litres", Ty::Int).returns("range", Ty::Int),
        change("add_fuel", "fill the tank", "litres", Ty::Int)
            .arg("litres", Ty::Int, "how many more")
            .range(1, 60)
            .rules(&[ENGINE_OFF, ROOM]),
        Tool::new("check_tyres").doc("tyres below the wanted kPa").returns("low", Ty::Strings).returns("want", Ty::Int),
        change("inflate", "inflate a tyre", "kpa", Ty::Int)
            .arg("tyre", Ty::String, "which tyre")
            .one_of(&TYRES)
            .arg("kpa", Ty::Int, "the new pressure")
            .range(150, 400)
            .rules(&[PARKED, LOW, BURST]),
    ]
}
