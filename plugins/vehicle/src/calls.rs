//! What each tool does. Everything is checked before anything changes: a call that fails leaves the state as it was.

use coevo_sdk::{Rule, ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{DOORS, GEARS, LIGHTS, MOST_KPA, State, TANK, TYRES, VENTS};

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
///
/// # Errors
/// The rule that forbids it, or the argument that does not fit.
pub fn run(state: &mut State, name: &str, args: &Value) -> Outcome {
    match name {
        "lock_doors" => lock(state),
        "unlock_doors" => {
            LOCKED.require(state.locked)?;
            PARKED.require(state.parked())?;
            state.locked = false;
            Ok(json!({"locked": false}))
        }
        "open_door" => open(state, args),
        "close_door" => {
            let door = args::one_of(args, "door", &DOORS)?;
            DOOR_OPEN.require(state.doors[door])?;
            state.doors.insert(door.to_owned(), false);
            Ok(json!({"closed": door}))
        }
        "check_doors" => Ok(json!({"locked": state.locked, "open": state.open()})),
        "press_brake" => brake(state, true, NO_BRAKE),
        "release_brake" => brake(state, false, BRAKE),
        "parking_brake" => parking_brake(state, args),
        "start_engine" => start(state),
        "stop_engine" => {
            ENGINE_ON.require(state.engine)?;
            PARKED.require(state.parked())?;
            state.engine = false;
            Ok(json!({"engine": "off"}))
        }
        "shift_gear" => shift(state, args),
        "set_cruise" => cruise(state, args),
        "set_temperature" => {
            let degrees = args::uint(args, "degrees")?;
            ENGINE_ON.require(state.engine)?;
            renew(&mut state.degrees, degrees)?;
            Ok(json!({"degrees": degrees}))
        }
        "set_vent" => {
            let vent = args::one_of(args, "vent", &VENTS)?.to_owned();
            ENGINE_ON.require(state.engine)?;
            renew(&mut state.vent, vent.clone())?;
            Ok(json!({"vent": vent}))
        }
        "set_lights" => {
            let mode = args::one_of(args, "mode", &LIGHTS)?.to_owned();
            renew(&mut state.lights, mode.clone())?;
            Ok(json!({"lights": mode}))
        }
        "find_place" => find_place(state, args),
        "set_route" => route(state, args),
        "check_fuel" => Ok(json!({"litres": state.litres, "range": state.range()})),
        "add_fuel" => add_fuel(state, args),
        "check_tyres" => Ok(json!({"low": state.low(), "want": state.want})),
        "inflate" => inflate(state, args),
        _ => Err(ToolError::unknown_tool(name)),
    }
}

/// A new value in place of another one.
fn renew<T: PartialEq>(place: &mut T, value: T) -> Result<(), ToolError> {
    NEW.require(*place != value)?;
    *place = value;
    Ok(())
}

/// The refusal where a door is open: it says which.
fn shut(state: &State) -> Result<(), ToolError> {
    let open = state.open();
    if open.is_empty() {
        return Ok(());
    }
    Err(SHUT.error().saying(format!("{} is open", open.join(" and "))).detail("options", open))
}

fn lock(state: &mut State) -> Outcome {
    UNLOCKED.require(!state.locked)?;
    shut(state)?;
    state.locked = true;
    Ok(json!({"locked": true}))
}

fn open(state: &mut State, args: &Value) -> Outcome {
    let door = args::one_of(args, "door", &DOORS)?;
    UNLOCKED.require(!state.locked)?;
    PARKED.require(state.parked())?;
    DOOR_CLOSED.require(!state.doors[door])?;
    state.doors.insert(door.to_owned(), true);
    Ok(json!({"open": door}))
}

fn brake(state: &mut State, pressed: bool, rule: Rule) -> Outcome {
    rule.require(state.brake != pressed)?;
    state.brake = pressed;
    Ok(json!({"pressed": pressed}))
}

fn parking_brake(state: &mut State, args: &Value) -> Outcome {
    let action = args::one_of(args, "action", &["set", "release"])?;
    PARKED.require(action != "set" || state.parked())?;
    renew(&mut state.parking, action == "set")?;
    Ok(json!({"parking_brake": if state.parking { "set" } else { "released" }}))
}

fn start(state: &mut State) -> Outcome {
    ENGINE_OFF.require(!state.engine)?;
    LOCKED.require(state.locked)?;
    BRAKE.require(state.brake)?;
    FUEL.require(state.litres > 0)?;
    state.engine = true;
    Ok(json!({"engine": "running"}))
}

fn shift(state: &mut State, args: &Value) -> Outcome {
    let gear = args::one_of(args, "gear", &GEARS)?.to_owned();
    ENGINE_ON.require(state.engine)?;
    BRAKE.require(state.brake)?;
    let moving = gear == "drive" || gear == "reverse";
    NO_PARKING.require(!(moving && state.parking))?;
    shut(state)?;
    renew(&mut state.gear, gear.clone())?;
    if gear != "drive" {
        state.cruise = 0;
    }
    Ok(json!({"gear": gear}))
}

fn cruise(state: &mut State, args: &Value) -> Outcome {
    let speed = args::uint(args, "speed")?;
    DRIVING.require(state.gear == "drive")?;
    NO_BRAKE.require(!state.brake)?;
    renew(&mut state.cruise, speed)?;
    Ok(json!({"speed": speed}))
}

fn find_place(state: &State, args: &Value) -> Outcome {
    let name = args::string(args, "name")?.trim();
    let found = state.places.iter().find(|(_, place)| place.name.eq_ignore_ascii_case(name));
    let known: Vec<&str> = state.places.values().map(|place| place.name.as_str()).collect();
    let (id, place) = found.ok_or_else(|| NAME.broken("name").detail("options", known))?;
    Ok(json!({"place": id, "km": place.km}))
}

fn route(state: &mut State, args: &Value) -> Outcome {
    let id = args::string(args, "place")?;
    let km = state.places.get(id).ok_or_else(|| PLACE.broken("place"))?.km;
    let range = state.range();
    if km > range {
        let error = RANGE.broken("place").saying(format!("too far, range {range} km"));
        return Err(error.detail("km", km).detail("range", range));
    }
    renew(&mut state.route, Some(id.to_owned()))?;
    Ok(json!({"km": km}))
}

fn add_fuel(state: &mut State, args: &Value) -> Outcome {
    let litres = args::uint(args, "litres")?;
    ENGINE_OFF.require(!state.engine)?;
    let room = TANK - state.litres;
    if litres > room {
        return Err(ROOM.broken("litres").saying(format!("room for {room} litres only")).detail("room", room));
    }
    state.litres += litres;
    Ok(json!({"litres": state.litres}))
}

fn inflate(state: &mut State, args: &Value) -> Outcome {
    let (tyre, kpa) = (args::one_of(args, "tyre", &TYRES)?, args::uint(args, "kpa")?);
    PARKED.require(state.parked())?;
    let now = state.tyres[tyre];
    if now >= kpa {
        return Err(LOW.broken("kpa").detail("now", now));
    }
    if kpa > MOST_KPA {
        return Err(BURST.broken("kpa"));
    }
    state.tyres.insert(tyre.to_owned(), kpa);
    Ok(json!({"kpa": kpa}))
}
