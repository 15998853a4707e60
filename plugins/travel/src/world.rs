//! What is the same in every episode: cities and airports, exchange rates, and the small print of verbose results.

use coevo_sdk::hash::xxh64;
use coevo_sdk::{Value, json};

/// (city, airport code, country)
pub const CITIES: [(&str, &str, &str); 30] = [
    ("Athens", "ATH", "Greece"),
    ("Berlin", "BER", "Germany"),
    ("Boston", "BOS", "USA"),
    ("Brussels", "BRU", "Belgium"),
    ("Budapest", "BUD", "Hungary"),
    ("Cairo", "CAI", "Egypt"),
    ("Copenhagen", "CPH", "Denmark"),
    ("Delhi", "DEL", "India"),
    ("Dublin", "DUB", "Ireland"),
    ("Geneva", "GVA", "Switzerland"),
    ("Helsinki", "HEL", "Finland"),
    ("Istanbul", "IST", "Turkey"),
    ("Lisbon", "LIS", "Portugal"),
    ("Madrid", "MAD", "Spain"),
    ("Malta", "MLA", "Malta"),
    ("Milan", "MXP", "Italy"),
    ("Nice", "NCE", "France"),
    ("Oslo", "OSL", "Norway"),
    ("Paris", "CDG", "France"),
    ("Porto", "OPO", "Portugal"),
    ("Prague", "PRG", "Czechia"),
    ("Riga", "RIX", "Latvia"),
    ("Rome", "FCO", "Italy"),
    ("Seoul", "ICN", "Korea"),
    ("Stockholm", "ARN", "Sweden"),
    ("Tokyo", "HND", "Japan"),
    ("Toronto", "YYZ", "Canada"),
    ("Vienna", "VIE", "Austria"),
    ("Warsaw", "WAW", "Poland"),
    ("Zurich", "ZRH", "Switzerland"),
];

/// (code, what people call it, hundredths of it for one euro)
pub const CURRENCIES: [(&str, &str, u32); 5] = [
    ("USD", "dollars", 110),
    ("GBP", "pounds", 85),
    ("CHF", "francs", 95),
    ("SEK", "kronor", 1120),
    ("JPY", "yen", 16200),
];

pub const CARDS: [&str; 3] = ["visa", "amex", "mastercard"];

/// The city of an airport code.
pub fn city_of(code: &str) -> &'static str {
    CITIES.iter().find(|(_, known, _)| *known == code).map_or("elsewhere", |(city, _, _)| city)
}

const AIRCRAFT: [&str; 5] = ["A320", "A220", "B737", "E190", "ATR72"];
const MEALS: [&str; 4] = ["snack", "hot meal", "none", "for sale"];
const NOTES: [&str; 6] = [
    "Counters close 45 minutes before departure and gates 20 minutes before.",
    "Liquids above 100 ml must go into checked luggage or be left behind.",
    "Schedules are shown in local time and may change without notice.",
    "Lounge access depends on the fare and on the status of the member.",
    "Claims must be sent in writing within 21 days after the journey.",
    "Pets, sports gear and instruments need a confirmation in advance.",
];

/// One of a list. The remainder is taken before the number becomes an index, which has 32 bits in a component.
fn pick<'a>(list: &[&'a str], dice: u64) -> &'a str {
    list[(dice % list.len() as u64) as usize]
}

/// The small print about something, a function of its name.
pub fn small_print(about: &str) -> Value {
    let dice = xxh64(about.as_bytes(), 1);
    json!({
        "ref": format!("{:05}", dice % 100_000),
        "terminal": 1 + (dice >> 24) % 4,
        "note": pick(&NOTES, dice >> 28),
    })
}

/// The equipment of a flight, a function of its name.
pub fn equipment(about: &str) -> Value {
    let dice = xxh64(about.as_bytes(), 2);
    json!({
        "aircraft": pick(&AIRCRAFT, dice),
        "gate": format!("{}{}", char::from(b'A' + (dice >> 8) as u8 % 6), 1 + (dice >> 12) % 40),
        "meal": pick(&MEALS, dice >> 18),
        "minutes": 60 + (dice >> 24) % 300,
    })
}
