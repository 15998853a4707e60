//! The customer's words: names for places, bookings and dates, set into the templates of `phrases`.

use coevo_sdk::Rng;

use crate::intent::{Intent, Pick, Place, Which};
use crate::phrases::{Said, Voice, fill, phrase};
use crate::world::{CITIES, CURRENCIES};

pub const NAMES: [&str; 20] = [
    "Ana", "Ben", "Carla", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karim", "Laura", "Marco",
    "Nina", "Oscar", "Paula", "Rosa", "Samir", "Tara", "Viktor",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `12 May` for `05-12`.
pub fn spoken(date: &str) -> String {
    let month = date[..2].parse::<usize>().map_or("", |month| MONTHS[(month + 11) % 12]);
    format!("{} {month}", date[3..].trim_start_matches('0'))
}

fn bags_text(bags: u32) -> String {
    if bags == 1 { "1 more bag".to_owned() } else { format!("{bags} more bags") }
}

fn place(place: Place) -> &'static str {
    match place {
        Place::City(city) => CITIES[city].0,
        Place::Code(city) => CITIES[city].1,
    }
}

fn which(which: Which, rng: &mut Rng) -> String {
    match which {
        Which::Id(id) => format!("{}b{id}", rng.pick(&["", "", "booking ", "my booking "])),
        Which::Trip(_, city) => {
            let city = CITIES[city].0;
            fill(rng.pick(&["my {city} trip", "the {city} booking", "my flight to {city}"]), &[("city", city)])
        }
        Which::That => rng.pick(&["that booking", "this booking", "the new booking", "it"]).to_owned(),
    }
}

fn pick(pick: &Pick, rng: &mut Rng) -> String {
    match pick {
        Pick::Cheapest => {
            rng.pick(&["the cheapest one", "the cheapest flight", "the cheapest", "the lowest fare"]).to_owned()
        }
        Pick::At(dep) => fill(rng.pick(&["the {dep} flight", "the one at {dep}", "the {dep} one"]), &[("dep", dep)]),
    }
}

/// Politeness around the first message of a conversation.
pub fn greet(text: &str, rng: &mut Rng) -> String {
    fill(
        rng.pick(&["{t}", "{t}", "{t}", "Hi! {t}", "Hello. {t}", "Good morning. {t}", "{t} Thanks!", "{t} Thank you."]),
        &[("t", text)],
    )
}

/// The reference's words where a tool is missing.
pub const NO_TOOL: &str = "I have no tool for that yet.";
/// What an honest refusal says, one of these.
pub const NO_TOOL_MENTIONS: [&str; 12] = [
    "no tool",
    "not available",
    "unavailable",
    "missing",
    "cannot",
    "can't",
    "can not",
    "unable",
    "not able",
    "don't have",
    "do not have",
    "lack",
];

/// The customer after a missing tool was enabled.
pub fn enabled(rng: &mut Rng) -> &'static str {
    rng.pick(&[
        "I've enabled more tools, please go on.",
        "More tools are on now. Please try again.",
        "You have what you need now, please continue.",
        "The missing tool is there now. Go ahead.",
        "Our admin added a tool. Can you do it now?",
        "Okay, it is switched on. Please do it.",
        "Try once more, you have a new tool.",
    ])
}

/// The words for an intent. Draws the same numbers whatever is made of them.
pub fn say(intent: &Intent, spoken_dates: bool, rng: &mut Rng) -> Said {
    let date_text = |date: &str| if spoken_dates { spoken(date) } else { date.to_owned() };
    let slots = match intent {
        Intent::Code { city } => vec![("city", CITIES[*city].0.to_owned())],
        Intent::Balance { card } | Intent::Rebook { card } => vec![("card", (*card).to_owned())],
        Intent::Points | Intent::List => vec![],
        Intent::Convert { amount, currency } => {
            let (code, name, _) = CURRENCIES[*currency];
            let currency = if rng.one_in(3) { name } else { code };
            vec![("amount", amount.unwrap_or(0).to_string()), ("currency", currency.to_owned())]
        }
        Intent::Search { from, to, date } => {
            vec![("from", place(*from).to_owned()), ("to", place(*to).to_owned()), ("date", date_text(date))]
        }
        Intent::SearchBook { from, to, date, card } => vec![
            ("from", place(*from).to_owned()),
            ("to", place(*to).to_owned()),
            ("date", date_text(date)),
            ("card", (*card).to_owned()),
        ],
        Intent::Book { pick: choice, card } => vec![("pick", pick(choice, rng)), ("card", (*card).to_owned())],
        Intent::BookFor { pick: choice, card, name, passport } => vec![
            ("pick", pick(choice, rng)),
            ("card", (*card).to_owned()),
            ("name", (*name).to_owned()),
            ("passport", passport.clone()),
        ],
        Intent::BookBudget { pick: choice, card, budget } => {
            vec![("pick", pick(choice, rng)), ("card", (*card).to_owned()), ("amount", budget.to_string())]
        }
        Intent::BookEither { pick: choice, cards } => {
            vec![("pick", pick(choice, rng)), ("card", cards[0].to_owned()), ("other", cards[1].to_owned())]
        }
        Intent::Look { which: w, .. } | Intent::Cancel { which: w } | Intent::RedeemAll { which: w } => {
            vec![("which", which(*w, rng))]
        }
        Intent::Bag { which: w, bags } => vec![("which", which(*w, rng)), ("n", bags_text(*bags))],
        Intent::Seat { which: w, seat } => vec![("which", which(*w, rng)), ("seat", seat.clone())],
        Intent::SeatEither { which: w, seats } => {
            vec![("which", which(*w, rng)), ("seat", seats[0].clone()), ("other", seats[1].clone())]
        }
        Intent::BagSeat { which: w, bags, seat } => {
            vec![("which", which(*w, rng)), ("n", bags_text(*bags)), ("seat", seat.clone())]
        }
        Intent::Change { which: w, date } | Intent::CancelOrMove { which: w, date } => {
            vec![("which", which(*w, rng)), ("date", date_text(date))]
        }
        Intent::Redeem { which: w, points } => vec![("which", which(*w, rng)), ("points", points.to_string())],
        Intent::Budget { amount } => vec![("amount", amount.to_string())],
        Intent::Traveler { name, passport } => vec![("name", (*name).to_owned()), ("passport", passport.clone())],
    };
    phrase(intent, &mut Voice { rng, slots })
}
