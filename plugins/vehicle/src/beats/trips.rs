//! Routes, fuel and tyres.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::Story;
use crate::state::{Place, State, TYRES};
use crate::world::NAMES;

/// A place that fits, with its id.
fn place(t: &mut Story, fits: impl Fn(&State, &Place) -> bool) -> Option<(String, Place)> {
    let state = t.state();
    let all: Vec<(String, Place)> = state
        .places
        .iter()
        .filter(|(_, place)| fits(state, place))
        .map(|(id, place)| (id.clone(), place.clone()))
        .collect();
    t.choose(&all)
}

/// Looks a place up unless the conversation has its id.
fn look_up(t: &mut Story, id: &str, name: &str) {
    if !t.memory.places.contains_key(name) {
        t.call("find_place", json!({"name": name}));
        t.memory.places.insert(name.to_owned(), id.to_owned());
    }
}

const ROUTE: &[&str] = &[
    "take me to the {place}",
    "navigate to the {place}",
    "guide us to the {place}",
    "Next stop: {place}.",
    "set the route to the {place}",
    "We want to go to the {place}.",
    "show me the way to the {place}",
    "I have to be at the {place}. Guide me.",
    "lead me to the {place}",
];

pub fn route(t: &mut Story) -> Option<Beat> {
    let (id, Place { name, .. }) = place(t, |state, place| place.km <= state.range())?;
    look_up(t, &id, &name);
    t.call("set_route", json!({"place": id}));
    let slots = [("place", name.as_str())];
    let text = t.say(ROUTE, &slots);
    let hole = t.say(&["set a route", "start the navigation", "guide me", "I need directions."], &slots);
    let reply = t.reply(&["{x}.", "to the {x}", "The {x}.", "we go to the {x}"], &name);
    Some(Beat::new(text, format!("The route to the {name} is set.")).lacking("place", hole, reply))
}

/// How far a place is.
pub fn distance(t: &mut Story) -> Option<Beat> {
    let (id, Place { name, km }) = place(t, |_, _| true)?;
    if t.memory.places.contains_key(&name) {
        return None;
    }
    look_up(t, &id, &name);
    let slots = [("place", name.as_str()), ("name", t.rng.pick(&NAMES))];
    let text = t.say(
        &[
            "How far is the {place}?",
            "How many kilometres to the {place}?",
            "What is the distance to the {place}?",
            "{name} asks how far the {place} is.",
            "Is the {place} far? How many km?",
            "tell me how far the {place} is",
        ],
        &slots,
    );
    let hole = t.say(&["How far is it?", "tell me a distance", "How many kilometres are there to go?"], &slots);
    let reply = t.reply(&["To the {x}.", "the {x}", "I mean the {x}."], &name);
    Some(Beat::new(text, format!("It is {km} km.")).fact(km.to_string()).lacking("place", hole, reply))
}

/// A place beyond the range: the refusal tells how far the fuel goes.
pub fn route_or_range(t: &mut Story) -> Option<Beat> {
    let (id, Place { name, .. }) = place(t, |state, place| place.km > state.range())?;
    if t.memory.places.contains_key(&name) {
        return None;
    }
    look_up(t, &id, &name);
    t.refused("set_route", json!({"place": id}), "out_of_range");
    let range = t.state().range();
    let text = t.say(
        &[
            "Guide me to the {place}. If it is too far, tell me our range.",
            "Set the route to the {place}, or say how far we get.",
            "To the {place}, please. If the fuel is short, how far can we go?",
        ],
        &[("place", &name)],
    );
    Some(Beat::new(text, format!("Too far: the range is {range} km.")).fact(range.to_string()))
}

/// Fuel or range.
pub fn fuel(t: &mut Story) -> Option<Beat> {
    let found = t.call("check_fuel", json!({}));
    let (templates, field, unit): (&[&'static str], _, _) = if t.rng.one_in(2) {
        (
            &[
                "How much fuel is left?",
                "{name} wants to know how much fuel there is.",
                "Before {name} drives: how many litres are left?",
                "How many litres are in the tank?",
                "check the fuel",
                "Is there fuel? How much?",
            ],
            "litres",
            "litres",
        )
    } else {
        (
            &[
                "How far can we drive?",
                "What is our range?",
                "{name} asks how far we get.",
                "Can {name} drive far with this fuel? How far?",
                "How many kilometres does the fuel last?",
                "tell me the range",
            ],
            "range",
            "km",
        )
    };
    let name = t.rng.pick(&NAMES);
    let text = t.say(templates, &[("name", name)]);
    let value = found[field].to_string();
    Some(Beat::new(text, format!("It is {value} {unit}.")).fact(value))
}

/// Adds fuel; a running engine refuses it.
pub fn refuel(t: &mut Story) -> Option<Beat> {
    let litres = t.rng.range(5, 30);
    let running = t.state().engine;
    let arguments = json!({"litres": litres});
    if running {
        t.refused("add_fuel", arguments.clone(), "engine_running");
        t.call("stop_engine", json!({}));
    }
    t.call("add_fuel", arguments);
    let litres = litres.to_string();
    let slots = [("n", litres.as_str())];
    if running {
        let text = t.say(
            &[
                "Add {n} litres. If the engine has to be off, stop it.",
                "fill in {n} litres, with the engine off if need be",
                "Put {n} litres in; stop the engine should that be needed.",
            ],
            &slots,
        );
        return Some(Beat::new(text, format!("Added {litres} litres.")));
    }
    let text = t.say(
        &[
            "add {n} litres",
            "fill in {n} litres of fuel",
            "refuel {n} litres",
            "Put {n} litres in the tank.",
            "We need {n} more litres.",
        ],
        &slots,
    );
    let hole = t.say(&["add some fuel", "refuel the car", "Put fuel in the tank."], &slots);
    let reply = t.reply(&["{x}.", "{x} litres", "Make it {x}."], &litres);
    Some(Beat::new(text, format!("Added {litres} litres.")).lacking("amount in litres", hole, reply))
}

/// Which tyre is low.
pub fn tyres(t: &mut Story) -> Option<Beat> {
    let found = t.call("check_tyres", json!({}));
    let low = found["low"][0].as_str()?.to_owned();
    t.memory.low = Some((low.clone(), t.state().want));
    let name = t.rng.pick(&NAMES);
    let text = t.say(
        &[
            "Which tyre is low?",
            "Is a tyre low? Which one?",
            "check the tyres",
            "tell me which tyre needs air",
            "{name} says a tyre looks flat. Which one?",
            "Before {name} leaves: is a tyre low?",
            "have a look at the tyres",
            "Are the tyres fine?",
        ],
        &[("name", name)],
    );
    Some(Beat::new(text, format!("The {low} tyre is low.")).fact(low))
}

/// A named tyre to a named pressure.
pub fn inflate(t: &mut Story) -> Option<Beat> {
    let tyre = t.rng.pick(&TYRES);
    let kpa = (t.state().tyres[tyre] / 10 + t.rng.range(1, 4)) * 10;
    t.call("inflate", json!({"tyre": tyre, "kpa": kpa}));
    let kpa = kpa.to_string();
    let slots = [("tyre", tyre), ("n", kpa.as_str())];
    let text = t.say(
        &[
            "inflate the {tyre} tyre to {n}",
            "pump {tyre} up to {n} kPa",
            "Bring the {tyre} tyre to {n} kPa.",
            "give the {tyre} tyre {n} kPa",
            "Tyre {tyre} to {n} kPa.",
        ],
        &slots,
    );
    let beat = Beat::new(text, format!("The {tyre} tyre has {kpa} kPa."));
    Some(if t.rng.one_in(2) {
        let hole = t.say(&["inflate the {tyre} tyre", "pump {tyre} up", "Air into the {tyre} tyre."], &slots);
        let reply = t.reply(&["{x}.", "to {x}", "{x} kPa"], &kpa);
        beat.lacking("pressure", hole, reply)
    } else {
        let hole = t.say(&["inflate a tyre to {n}", "pump one tyre up to {n} kPa", "Bring a tyre to {n} kPa."], &slots);
        let reply = t.reply(&["{x}.", "the {x} one", "The {x} tyre."], tyre);
        beat.lacking("tyre", hole, reply)
    })
}

/// The tyre that a check finds low, to the pressure that the check tells.
pub fn inflate_low(t: &mut Story) -> Option<Beat> {
    let (tyre, kpa) = match t.memory.low.clone() {
        Some(found) => found,
        None => {
            let found = t.call("check_tyres", json!({}));
            (found["low"][0].as_str()?.to_owned(), t.state().want)
        }
    };
    t.call("inflate", json!({"tyre": tyre, "kpa": kpa}));
    let text = t.say(
        &[
            "inflate the low tyre as it should be",
            "bring the low tyre to the wanted pressure",
            "One tyre is low, give it what it should have.",
            "find the low tyre and inflate it as wanted",
        ],
        &[],
    );
    Some(Beat::new(text, format!("The {tyre} tyre has {kpa} kPa.")))
}
