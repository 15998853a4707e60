//! The interlocks: what must hold before a tool works, and the typed error where it does not.

use coevo_sdk::Rule;

pub const ENGINE_ON: Rule = Rule::state("engine_off", "the engine is off", "The engine is running.");
pub const ENGINE_OFF: Rule = Rule::state("engine_running", "the engine is running", "The engine is off.");
pub const LOCKED: Rule = Rule::state("doors_unlocked", "the doors are unlocked", "The doors are locked.");
pub const UNLOCKED: Rule = Rule::state("doors_locked", "the doors are locked", "The doors are unlocked.");
pub const BRAKE: Rule = Rule::state("brake_released", "the brake is released", "The brake is pressed.");
pub const NO_BRAKE: Rule = Rule::state("brake_pressed", "the brake is pressed", "The brake is released.");
pub const PARKED: Rule = Rule::state("not_in_park", "the gear is not park", "The gear is park.");
pub const DRIVING: Rule = Rule::state("not_in_drive", "the gear is not drive", "The gear is drive.");
pub const NO_PARKING: Rule =
    Rule::state("parking_brake_set", "the parking brake is set", "The parking brake is released to drive or reverse.");
pub const SHUT: Rule = Rule::state("door_open", "a door is open", "All doors are closed.");
pub const DOOR_CLOSED: Rule = Rule::state("already_open", "that door is open", "The door is closed.");
pub const DOOR_OPEN: Rule = Rule::state("already_closed", "that door is closed", "The door is open.");
pub const FUEL: Rule = Rule::state("tank_empty", "the tank is empty", "There is fuel in the tank.");
pub const ROOM: Rule = Rule::state("tank_full", "no room for so much", "The tank has room, it holds 60 litres.");
pub const NEW: Rule = Rule::state("unchanged", "it is so already", "The value is a new one.");
pub const PLACE: Rule = Rule::value("unknown_place", "no such place", "an id from find_place");
pub const NAME: Rule = Rule::value("unknown_name", "no place has this name", "a name on the map");
pub const RANGE: Rule = Rule::state("out_of_range", "too far for the fuel", "The fuel reaches the place.");
pub const LOW: Rule = Rule::state("not_low", "the tyre has as much", "The tyre has less than that.");
pub const BURST: Rule = Rule::value("too_much", "the tyre would burst", "at most 300 kPa");
