//! Material for made-up tool APIs: everyday words, invented names, identifiers.

use coevo_core::seed::Stream;

/// Kinds of things, singular.
pub const NOUNS: [&str; 96] = [
    "crate",
    "boat",
    "lamp",
    "garden",
    "recipe",
    "parcel",
    "engine",
    "sensor",
    "meadow",
    "poster",
    "ticket",
    "bridge",
    "camera",
    "statue",
    "barrel",
    "kettle",
    "window",
    "ladder",
    "tunnel",
    "basket",
    "shelf",
    "signal",
    "beacon",
    "album",
    "canvas",
    "puzzle",
    "robot",
    "drone",
    "badge",
    "locker",
    "magnet",
    "mirror",
    "needle",
    "planet",
    "rocket",
    "saddle",
    "shovel",
    "socket",
    "turbine",
    "valve",
    "wagon",
    "wheel",
    "anchor",
    "antenna",
    "archive",
    "battery",
    "bench",
    "blanket",
    "bottle",
    "bracket",
    "cabin",
    "cable",
    "candle",
    "cargo",
    "carpet",
    "chapter",
    "chart",
    "circuit",
    "clock",
    "contract",
    "counter",
    "course",
    "cup",
    "device",
    "dish",
    "district",
    "drawer",
    "exhibit",
    "factory",
    "farm",
    "fence",
    "fountain",
    "furnace",
    "gate",
    "greenhouse",
    "hangar",
    "harbor",
    "invoice",
    "journal",
    "kiln",
    "lecture",
    "lease",
    "library",
    "loan",
    "machine",
    "market",
    "member",
    "mine",
    "model",
    "module",
    "orchard",
    "panel",
    "patent",
    "plant",
    "player",
    "quarry",
];

/// What things have.
pub const ATTRIBUTES: [&str; 72] = [
    "weight",
    "color",
    "owner",
    "height",
    "width",
    "rank",
    "grade",
    "status",
    "price",
    "speed",
    "volume",
    "pressure",
    "shape",
    "label",
    "zone",
    "level",
    "mode",
    "due",
    "stock",
    "score",
    "limit",
    "phase",
    "origin",
    "target",
    "depth",
    "length",
    "power",
    "rate",
    "size",
    "tone",
    "unit",
    "value",
    "voltage",
    "yield",
    "age",
    "angle",
    "area",
    "brand",
    "capacity",
    "charge",
    "class",
    "code",
    "cost",
    "count",
    "credit",
    "density",
    "duty",
    "family",
    "fee",
    "floor",
    "format",
    "frequency",
    "fuel",
    "gauge",
    "heat",
    "humidity",
    "index",
    "language",
    "load",
    "margin",
    "material",
    "note",
    "order",
    "pattern",
    "period",
    "phone",
    "position",
    "quality",
    "range",
    "ratio",
    "season",
    "style",
];

/// Values of enumerations.
pub const CHOICES: [&str; 60] = [
    "red",
    "blue",
    "green",
    "amber",
    "small",
    "medium",
    "large",
    "open",
    "closed",
    "north",
    "south",
    "east",
    "west",
    "fast",
    "slow",
    "high",
    "low",
    "new",
    "old",
    "round",
    "square",
    "soft",
    "hard",
    "hot",
    "cold",
    "dry",
    "wet",
    "light",
    "dark",
    "early",
    "late",
    "left",
    "right",
    "gold",
    "silver",
    "iron",
    "wood",
    "glass",
    "paper",
    "daily",
    "weekly",
    "monthly",
    "basic",
    "standard",
    "premium",
    "draft",
    "final",
    "active",
    "idle",
    "public",
    "private",
    "single",
    "double",
    "manual",
    "automatic",
    "summer",
    "winter",
    "spring",
    "plain",
    "express",
];

/// Words that begin an order.
pub const ORDERS: [&str; 40] = [
    "Set",
    "Change",
    "Put",
    "Add",
    "Make",
    "Remove",
    "Delete",
    "Cancel",
    "Connect",
    "Assign",
    "List",
    "Show",
    "Find",
    "Tell",
    "Check",
    "Start",
    "Stop",
    "Open",
    "Close",
    "Arm",
    "Disarm",
    "Raise",
    "Lower",
    "Disconnect",
    "Enable",
    "Disable",
    "Turn",
    "Fill",
    "Empty",
    "Attach",
    "Create",
    "Give",
    "Move",
    "Get",
    "Link",
    "Release",
    "Free",
    "Update",
    "Write",
    "Read",
];

/// Verbs by what a tool does; the first word of its description is from the same list.
pub const FIND: [&str; 8] = ["find", "search", "lookup", "locate", "seek", "query", "match", "resolve"];
pub const READ: [&str; 9] = ["get", "show", "read", "view", "describe", "inspect", "fetch", "check", "open"];
pub const LIST: [&str; 6] = ["list", "browse", "all", "overview", "index", "enumerate"];
pub const WRITE: [&str; 9] = ["set", "change", "update", "edit", "modify", "put", "adjust", "write", "assign"];
pub const ADD: [&str; 9] = ["add", "create", "make", "new", "register", "insert", "book", "enter", "start"];
pub const REMOVE: [&str; 8] = ["remove", "delete", "drop", "cancel", "discard", "close", "end", "erase"];
pub const LINK: [&str; 8] = ["link", "attach", "join", "connect", "assign", "pair", "move", "send"];
pub const FREE: [&str; 6] = ["unlock", "release", "free", "enable", "activate", "unseal"];

/// Things with two states.
pub const SWITCHES: [&str; 24] = [
    "pump", "heater", "fan", "valve", "alarm", "lift", "belt", "siren", "crane", "mixer", "oven", "hatch", "shutter",
    "boiler", "lamp", "press", "winch", "blower", "filter", "motor", "screen", "printer", "scanner", "ramp",
];
/// Pairs of commands and the states they leave.
pub const COMMANDS: [[(&str, &str); 2]; 8] = [
    [("start", "running"), ("stop", "off")],
    [("open", "open"), ("close", "closed")],
    [("arm", "armed"), ("disarm", "disarmed")],
    [("raise", "up"), ("lower", "down")],
    [("connect", "connected"), ("disconnect", "disconnected")],
    [("enable", "enabled"), ("disable", "disabled")],
    [("turn_on", "on"), ("turn_off", "off")],
    [("fill", "full"), ("empty", "empty")],
];

const ONSETS: [&str; 24] = [
    "b", "br", "c", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v",
    "w", "z",
];
const VOWELS: [&str; 9] = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"];
const CODAS: [&str; 12] = ["", "", "", "n", "r", "l", "s", "m", "nd", "ck", "th", "rt"];

/// One of `items`.
pub fn pick<'a, T: ?Sized>(stream: &mut Stream, items: &[&'a T]) -> &'a T {
    items[stream.below(items.len() as u64) as usize]
}

/// A whole number in `low..=high`.
pub fn range(stream: &mut Stream, low: u64, high: u64) -> u64 {
    low + stream.below(high - low + 1)
}

pub fn chance(stream: &mut Stream, share: f64) -> bool {
    stream.uniform() < share
}

/// `count` different indices below `of`.
pub fn distinct(stream: &mut Stream, of: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..of).collect();
    stream.shuffle(&mut all);
    all.truncate(count);
    all
}

/// An invented word of some syllables, lower case.
pub fn invented(stream: &mut Stream, syllables: u64) -> String {
    (0..syllables)
        .map(|_| format!("{}{}{}", pick(stream, &ONSETS), pick(stream, &VOWELS), pick(stream, &CODAS)))
        .collect()
}

/// An invented proper name: one word or two.
pub fn name(stream: &mut Stream) -> String {
    let word = |stream: &mut Stream| {
        let syllables = range(stream, 1, 3);
        capital(&invented(stream, syllables.max(1)))
    };
    let first = word(stream);
    if chance(stream, 0.35) { format!("{first} {}", word(stream)) } else { first }
}

pub fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// More than one of a thing.
pub fn plural(noun: &str) -> String {
    match noun {
        _ if noun.ends_with('y') && !noun.ends_with("ey") => format!("{}ies", &noun[..noun.len() - 1]),
        _ if noun.ends_with("ch") || noun.ends_with("sh") || noun.ends_with('s') || noun.ends_with('x') => {
            format!("{noun}es")
        }
        "shelf" => "shelves".to_owned(),
        _ => format!("{noun}s"),
    }
}
