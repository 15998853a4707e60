//! Engine, gear and brakes.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, done};
use crate::world::NAMES;

/// Locks and brakes as far as needed, then starts.
pub fn start(t: &mut Story) -> Option<Beat> {
    if t.state().engine {
        return None;
    }
    if !t.state().locked {
        t.call("lock_doors", json!({}));
    }
    if !t.state().brake {
        t.call("press_brake", json!({}));
    }
    t.call("start_engine", json!({}));
    let name = t.rng.pick(&NAMES);
    let text = t.say(
        &[
            "start the engine",
            "start the car",
            "turn the engine on",
            "get the car running",
            "lock up and start the engine",
            "I'm in, let's go. Start the car.",
            "We want to leave, start the engine.",
            "Everyone is seated. Please start the motor.",
            "{name} is in. Start the engine.",
            "{name} and I are ready, start the car.",
            "start the engine for {name}",
        ],
        &[("name", name)],
    );
    done(text, "The engine is running.")
}

/// Another gear. Whether the parking brake is set, only the refusal tells.
pub fn shift(t: &mut Story) -> Option<Beat> {
    if !t.state().engine {
        return None;
    }
    let now = t.state().gear.clone();
    let gears: Vec<&str> = ["drive", "reverse", "neutral", "park"].into_iter().filter(|gear| *gear != now).collect();
    let gear = t.choose(&gears)?;
    if !t.state().brake {
        t.call("press_brake", json!({}));
    }
    if t.state().parking && (gear == "drive" || gear == "reverse") {
        t.refused("shift_gear", json!({"gear": gear}), "parking_brake_set");
        t.call("parking_brake", json!({"action": "release"}));
    }
    t.call("shift_gear", json!({"gear": gear}));
    let slots = [("gear", gear)];
    let text = t.say(
        &[
            "shift into {gear}",
            "put it in {gear}",
            "put the car into {gear}",
            "change the gear to {gear}",
            "Gear to {gear}.",
            "I need {gear} now.",
        ],
        &slots,
    );
    let hole = t.say(&["change the gear", "shift for me", "put it in another gear"], &slots);
    let reply = t.reply(&["{x}.", "into {x}", "To {x}.", "I want {x}."], gear);
    Some(Beat::new(text, format!("The gear is {gear}.")).lacking("gear", hole, reply))
}

/// Parks and stops the engine.
pub fn arrive(t: &mut Story) -> Option<Beat> {
    if !t.state().engine {
        return None;
    }
    if !t.state().parked() {
        if !t.state().brake {
            t.call("press_brake", json!({}));
        }
        t.call("shift_gear", json!({"gear": "park"}));
    }
    t.call("stop_engine", json!({}));
    let name = t.rng.pick(&NAMES);
    let text = t.say(
        &[
            "park and stop the engine",
            "put it in park and turn the engine off",
            "We have arrived. Park and switch off.",
            "This is our spot, park here and stop the engine.",
            "park the car and kill the engine",
            "We stop here. Park, engine off.",
            "{name} gets out here. Park and stop the engine.",
            "This is where {name} lives. Park, then engine off.",
        ],
        &[("name", name)],
    );
    done(text, "Parked, the engine is off.")
}

pub fn parking_brake(t: &mut Story) -> Option<Beat> {
    let action = if t.state().parking { "release" } else { "set" };
    t.call("parking_brake", json!({"action": action}));
    let slots = [("action", action)];
    let text = t.say(
        &[
            "{action} the parking brake",
            "{action} the hand brake",
            "The parking brake: {action} it.",
            "Parking brake: {action}.",
        ],
        &slots,
    );
    let hole = t.say(&["do something about the parking brake", "Parking brake, please.", "use the hand brake"], &slots);
    let reply = t.reply(&["{x} it", "I mean {x}.", "{x}."], action);
    Some(Beat::new(text, "The parking brake is changed.").lacking("action", hole, reply))
}

pub fn release(t: &mut Story) -> Option<Beat> {
    t.call("release_brake", json!({}));
    let text = t.say(
        &[
            "release the brake",
            "take the foot brake off",
            "let go of the brake",
            "Brake off.",
            "let it roll, brake off",
        ],
        &[],
    );
    done(text, "The brake is released.")
}

/// Cruise control needs drive and a released brake.
pub fn cruise(t: &mut Story) -> Option<Beat> {
    let speed = 10 * t.rng.range(4, 13);
    if t.state().brake {
        t.call("release_brake", json!({}));
    }
    t.call("set_cruise", json!({"speed": speed}));
    let speed = speed.to_string();
    let slots = [("n", speed.as_str())];
    let text = t.say(
        &[
            "set cruise control to {n}",
            "hold {n} km/h",
            "keep the speed at {n}",
            "Cruise at {n}.",
            "drive at a steady {n} km/h",
        ],
        &slots,
    );
    let hole = t.say(&["turn on cruise control", "hold a steady speed", "Cruise control on."], &slots);
    let reply = t.reply(&["{x}.", "{x} km/h", "At {x}.", "make it {x}"], &speed);
    Some(Beat::new(text, format!("Cruise control holds {speed}.")).lacking("speed", hole, reply))
}
