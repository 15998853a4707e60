//! Doors and locks.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, done};
use crate::state::DOORS;
use crate::world::NAMES;

/// Locks; where a door is open, only the refusal tells which.
pub fn lock(t: &mut Story) -> Option<Beat> {
    let open: Vec<String> = t.state().open().into_iter().map(str::to_owned).collect();
    if let Some(door) = open.first() {
        t.refused("lock_doors", json!({}), "door_open");
        t.call("close_door", json!({"door": door}));
    }
    t.call("lock_doors", json!({}));
    let name = t.rng.pick(&NAMES);
    let text = t.say(
        &[
            "lock the car",
            "lock all doors",
            "lock up",
            "Make sure that the car is locked.",
            "We are leaving, lock it.",
            "lock everything",
            "{name} has left, lock the car.",
            "{name} worries about thieves. Lock all doors.",
        ],
        &[("name", name)],
    );
    done(text, "The car is locked.")
}

/// Opens a door for somebody.
pub fn let_in(t: &mut Story) -> Option<Beat> {
    let shut: Vec<&str> = DOORS.into_iter().filter(|door| !t.state().doors[*door]).collect();
    let door = t.choose(&shut)?;
    if t.state().locked {
        t.call("unlock_doors", json!({}));
    }
    t.call("open_door", json!({"door": door}));
    t.memory.door = Some(door.to_owned());
    let slots = [("door", door), ("name", t.rng.pick(&NAMES))];
    let text = t.say(
        &[
            "open the {door} door",
            "open {door} for me",
            "My hands are full, open the {door} door.",
            "unlock and open the {door} door",
            "Somebody waits at the {door} door, open it.",
            "let {name} in at {door}",
            "{name} is at the {door} door, open it.",
        ],
        &slots,
    );
    let hole = t.say(&["open a door", "open one of the doors", "let {name} in", "I need a door open."], &slots);
    let reply = t.reply(&["{x}.", "The {x} door.", "the {x} one", "I mean {x}."], door);
    Some(Beat::new(text, format!("The {door} door is open.")).lacking("door", hole, reply))
}

/// Closes a door: a named one, the one opened before, or the one that a look finds.
pub fn close(t: &mut Story) -> Option<Beat> {
    let open: Vec<String> = t.state().open().into_iter().map(str::to_owned).collect();
    let [door] = &open[..] else { return None };
    let slots = [("door", door.as_str())];
    let last = t.memory.door.as_ref() == Some(door);
    let named = t.rng.one_in(2);
    let text = if last && !named {
        t.say(&["close that door again", "Thanks, close it again.", "shut it again"], &slots)
    } else if named {
        t.say(
            &["close the {door} door", "shut {door}", "The {door} door is open, close it.", "close {door} again"],
            &slots,
        )
    } else {
        t.call("check_doors", json!({}));
        t.say(
            &[
                "see which door is open and close it",
                "Some door is open. Find it and shut it.",
                "check the doors and close the open one",
            ],
            &slots,
        )
    };
    t.call("close_door", json!({"door": door}));
    let beat = Beat::new(text, format!("The {door} door is closed."));
    if !named {
        return Some(beat);
    }
    let hole = t.say(&["close a door", "shut one of the doors", "I want a door closed."], &slots);
    let reply = t.reply(&["{x}.", "The {x} door.", "the {x} one"], door);
    Some(beat.lacking("door", hole, reply))
}

/// Which door is open.
pub fn question(t: &mut Story) -> Option<Beat> {
    let found = t.call("check_doors", json!({}));
    let door = found["open"][0].as_str()?.to_owned();
    let name = t.rng.pick(&NAMES);
    let text = t.say(
        &[
            "Which door is open?",
            "Is some door open? Which one?",
            "Check the doors: what is still open?",
            "tell me which door is not closed",
            "The car warns of an open door. Which one?",
            "{name} left some door open. Which?",
            "Did {name} leave a door open? Which one?",
        ],
        &[("name", name)],
    );
    Some(Beat::new(text, format!("The {door} door is open.")).fact(door))
}
