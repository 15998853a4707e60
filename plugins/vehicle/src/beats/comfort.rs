//! Climate and lights.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, done};
use crate::state::{LIGHTS, VENTS};

pub fn temperature(t: &mut Story) -> Option<Beat> {
    let degrees = t.rng.range(16, 28);
    t.call("set_temperature", json!({"degrees": degrees}));
    let degrees = degrees.to_string();
    let slots = [("n", degrees.as_str())];
    let text = t.say(
        &[
            "set the temperature to {n}",
            "make it {n} degrees in here",
            "I would like {n} degrees.",
            "Climate to {n} degrees.",
            "The kids want {n} degrees.",
            "change the cabin to {n} degrees",
        ],
        &slots,
    );
    let hole = t.say(
        &["change the temperature", "It is not comfortable. Set another temperature.", "adjust the climate"],
        &slots,
    );
    let reply = t.reply(&["{x}.", "{x} degrees", "to {x}", "make it {x}"], &degrees);
    Some(Beat::new(text, format!("It will be {degrees} degrees.")).lacking("temperature", hole, reply))
}

/// How drivers put the codes of [`VENTS`] when they do not use the code itself.
const VENT_TALK: [[&str; 2]; 4] = [
    ["blow at my face", "My face is hot, air there."],
    ["My feet are cold, air there.", "warm our feet"],
    ["The windscreen is foggy, clear the window.", "blow at the window"],
    ["let the air find its way, vent on auto", "Leave the air on auto."],
];

pub fn vent(t: &mut Story) -> Option<Beat> {
    let at = t.rng.below(VENTS.len());
    let vent = VENTS[at];
    t.call("set_vent", json!({"vent": vent}));
    let slots = [("vent", vent)];
    let text = if t.rng.one_in(3) {
        t.say(&VENT_TALK[at], &slots)
    } else {
        t.say(&["set the vent to {vent}", "Air to {vent}.", "Vent: {vent}.", "switch the air flow to {vent}"], &slots)
    };
    let hole = t.say(&["change the vent", "move the air somewhere else", "set the air flow"], &slots);
    let reply = t.reply(&["{x}.", "to {x}", "I mean {x}."], vent);
    Some(Beat::new(text, format!("The vent is on {vent}.")).lacking("vent", hole, reply))
}

/// Both in one turn.
pub fn warm_and_vent(t: &mut Story) -> Option<Beat> {
    let (degrees, vent) = (t.rng.range(16, 28), t.rng.pick(&VENTS));
    t.call("set_temperature", json!({"degrees": degrees}));
    t.call("set_vent", json!({"vent": vent}));
    let degrees = degrees.to_string();
    let text = t.say(
        &[
            "set {n} degrees and the vent to {vent}",
            "make it {n} degrees, air to {vent}",
            "Climate: {n} degrees, vent {vent}.",
            "We want {n} degrees with the air on {vent}.",
        ],
        &[("n", &degrees), ("vent", vent)],
    );
    done(text, format!("It will be {degrees} degrees, vent on {vent}."))
}

/// How drivers put the codes of [`LIGHTS`] when they do not use the code itself.
const LIGHT_TALK: [[&str; 2]; 4] = [
    ["It is day, no lights any more.", "turn all headlights off"],
    ["It gets dark, low beam on.", "dim the headlights to low"],
    ["The road is empty, high beam on.", "I want the high beam."],
    ["I can see nothing in this fog.", "turn the fog lamps on"],
];

pub fn lights(t: &mut Story) -> Option<Beat> {
    let at = t.rng.below(LIGHTS.len());
    let mode = LIGHTS[at];
    t.call("set_lights", json!({"mode": mode}));
    let slots = [("mode", mode)];
    let text = if t.rng.one_in(3) {
        t.say(&LIGHT_TALK[at], &slots)
    } else {
        t.say(
            &["set the lights to {mode}", "Lights to {mode}.", "Headlights: {mode}.", "put the lights on {mode}"],
            &slots,
        )
    };
    let hole = t.say(&["change the lights", "set the headlights", "I need other lights."], &slots);
    let reply = t.reply(&["{x}.", "to {x}", "I mean {x}."], mode);
    Some(Beat::new(text, format!("The lights are on {mode}.")).lacking("light mode", hole, reply))
}
