//! Templates: many ways to say each intent, and what a forgetful customer leaves out.

use coevo_sdk::Rng;

use crate::intent::{Detail, Intent};

/// What the customer says in one turn.
pub struct Said {
    pub full: String,
    /// The same wish with something left out, where that is possible.
    pub lack: Option<Lack>,
}

/// A wish that lacks something.
pub struct Lack {
    pub text: String,
    /// What the reference asks.
    pub question: &'static str,
    /// One of these must be in the question.
    pub mention: &'static [&'static str],
    /// What the customer answers.
    pub supply: String,
}

/// Replaces `{name}` in a template.
pub fn fill(template: &str, slots: &[(&str, &str)]) -> String {
    slots.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A customer who fills templates.
pub struct Voice<'r> {
    pub rng: &'r mut Rng,
    pub slots: Vec<(&'static str, String)>,
}

impl Voice<'_> {
    fn say(&mut self, templates: &[&str]) -> String {
        let template = self.rng.pick(templates);
        let slots: Vec<(&str, &str)> = self.slots.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(template, &slots)
    }

    fn whole(&mut self, full: &[&str]) -> Said {
        Said { full: self.say(full), lack: None }
    }

    fn or_lacking(
        &mut self,
        full: &[&str],
        text: &[&str],
        question: &'static str,
        mention: &'static [&'static str],
        supply: &[&str],
    ) -> Said {
        let full = self.say(full);
        let lack = Lack { text: self.say(text), question, mention, supply: self.say(supply) };
        Said { full, lack: Some(lack) }
    }
}

/// Says an intent.
pub fn phrase(intent: &Intent, voice: &mut Voice<'_>) -> Said {
    match intent {
        Intent::Code { .. } => voice.or_lacking(
            &[
                "What is the airport code of {city}?",
                "Which airport code does {city} have?",
                "I need the airport code for {city}.",
                "Can you look up the airport of {city}?",
                "Tell me the code of the airport in {city}.",
                "How do you write {city} as an airport code?",
            ],
            &["I need an airport code.", "Can you look up an airport for me?", "What is the airport code there?"],
            "For which city?",
            &["city", "where", "which"],
            &["{city}.", "For {city}.", "It is {city}.", "I mean {city}."],
        ),
        Intent::Balance { .. } => voice.or_lacking(
            &[
                "How much is left on my {card}?",
                "What can I still spend with my {card}?",
                "Check the balance of my {card}, please.",
                "Is there money left on the {card}? How much?",
                "Balance of my {card}?",
            ],
            &["How much is left on my card?", "Check my card balance, please.", "What is the balance of my card?"],
            "Which card?",
            &["which card", "what card", "card"],
            &["My {card}.", "The {card}, please.", "I mean the {card}."],
        ),
        Intent::Points => voice.whole(&[
            "How many loyalty points do I have?",
            "What is my points balance?",
            "Do I have any points? How many?",
            "Please check my loyalty points.",
            "Tell me how many points I have collected.",
        ]),
        Intent::List => voice.whole(&[
            "Which bookings do I have?",
            "List my bookings, please.",
            "What trips have I booked so far?",
            "Show me all my trips.",
            "Give me an overview of my bookings.",
        ]),
        Intent::Convert { amount: Some(_), .. } => voice.or_lacking(
            &[
                "How much is {amount} euros in {currency}?",
                "Convert {amount} euros to {currency}.",
                "What are {amount} euros worth in {currency}?",
                "I have {amount} euros. What is that in {currency}?",
            ],
            &[
                "Convert {amount} euros for me.",
                "How much is {amount} euros in another currency?",
                "Please exchange {amount} euros.",
            ],
            "Into which currency?",
            &["currency"],
            &["In {currency}.", "{currency}, please.", "To {currency}."],
        ),
        Intent::Convert { amount: None, .. } => voice.or_lacking(
            &[
                "How much is that price in {currency}?",
                "What is that in {currency}?",
                "Convert that price to {currency}, please.",
                "And in {currency}, how much is it?",
            ],
            &["How much is that in another currency?", "Can you convert that price for me?"],
            "Into which currency?",
            &["currency"],
            &["In {currency}.", "{currency}, please.", "To {currency}."],
        ),
        Intent::Look { detail, .. } => look(*detail, voice),
        Intent::Search { .. } => search(voice),
        Intent::SearchBook { .. } => search_book(voice),
        Intent::Book { .. }
        | Intent::BookFor { .. }
        | Intent::BookBudget { .. }
        | Intent::BookEither { .. }
        | Intent::Rebook { .. } => book(intent, voice),
        Intent::Budget { .. } => voice.or_lacking(
            &[
                "Set my travel budget to {amount} euros.",
                "My budget is {amount} euros now, please note it.",
                "Please change the budget to {amount}.",
                "I can spend {amount} euros in all. Set that as budget.",
                "Make {amount} euros my new budget.",
            ],
            &["I want to change my budget.", "Please set a new travel budget.", "Update my budget, please."],
            "What amount should the budget be?",
            &["amount", "how much", "what budget", "which budget"],
            &["{amount} euros.", "Make it {amount}.", "Set it to {amount} euros."],
        ),
        Intent::Traveler { .. } => voice.or_lacking(
            &[
                "Register {name} as a traveler, passport {passport}.",
                "Add a new traveler: {name}, passport {passport}.",
                "Please add {name} with passport {passport} to my travelers.",
                "My colleague {name} has passport {passport}. Register the traveler.",
                "New traveler {name}, passport number {passport}.",
            ],
            &[
                "Register {name} as a traveler.",
                "Please add {name} to my travelers.",
                "Add a new traveler called {name}.",
            ],
            "What is the passport number?",
            &["passport"],
            &["{passport}.", "The passport is {passport}.", "It is {passport}."],
        ),
        _ => care(intent, voice),
    }
}

fn look(detail: Detail, voice: &mut Voice<'_>) -> Said {
    voice.whole(match detail {
        Detail::Date => &[
            "On which date is {which}?",
            "What is the date of {which}?",
            "Which day do I fly with {which}?",
            "Remind me of the date of {which}.",
        ],
        Detail::Departure => &[
            "What time does {which} leave?",
            "When is the departure of {which}?",
            "At what time is {which}?",
            "Tell me the departure time of {which}.",
        ],
        Detail::Paid => &[
            "How much did I pay for {which}?",
            "What was the price of {which}?",
            "What did {which} cost me in all?",
            "Look up what I paid for {which}.",
        ],
    })
}

fn search(voice: &mut Voice<'_>) -> Said {
    let full = [
        "Find flights from {from} to {to} on {date}.",
        "I want to fly from {from} to {to} on {date}. What is the cheapest?",
        "What does a flight from {from} to {to} cost on {date}?",
        "Please look for flights from {from} to {to}, leaving on {date}.",
        "Show me the cheapest flight {from} to {to} for {date}.",
        "Going from {from} to {to} on {date}. Any flights?",
        "Check flights {from} to {to}, {date}.",
        "On {date} we travel from {from} to {to}. Search, please.",
        "Any cheap flight on {date} from {from} to {to}?",
        "I need to get from {from} to {to} on {date}.",
    ];
    if voice.rng.one_in(3) {
        voice.or_lacking(
            &full,
            &[
                "I want to leave {from} on {date}. Find a flight.",
                "Find flights from {from} on {date}.",
                "Any cheap flight on {date} from {from}?",
            ],
            "Where do you want to fly to?",
            &["where", "destination", "which city"],
            &["To {to}.", "{to}, please.", "I want to go to {to}."],
        )
    } else {
        voice.or_lacking(
            &full,
            &[
                "Find flights from {from} to {to}.",
                "I want to fly from {from} to {to}. What is the cheapest?",
                "What does a flight from {from} to {to} cost?",
                "Check flights {from} to {to}.",
                "I need to get from {from} to {to}.",
            ],
            "On which date?",
            &["date", "when", "which day", "what day"],
            &["On {date}.", "{date}, please.", "We leave on {date}.", "The date is {date}."],
        )
    }
}

fn search_book(voice: &mut Voice<'_>) -> Said {
    let full = [
        "Book the cheapest flight from {from} to {to} on {date} with my {card}.",
        "Find and book the cheapest {from} to {to} on {date}, pay with {card}.",
        "I need the cheapest flight from {from} to {to} on {date}. Charge my {card}.",
        "Get me from {from} to {to} on {date} as cheaply as possible, use {card}.",
        "Reserve the cheapest {date} flight from {from} to {to}, card {card}.",
    ];
    if voice.rng.one_in(2) {
        voice.or_lacking(
            &full,
            &[
                "Book the cheapest flight from {from} to {to} on {date}.",
                "Get me from {from} to {to} on {date} as cheaply as possible.",
                "Reserve the cheapest {date} flight from {from} to {to}.",
            ],
            "Which card should I charge?",
            &["card", "pay"],
            &["My {card}.", "Use the {card}.", "Pay with {card}."],
        )
    } else {
        voice.or_lacking(
            &full,
            &[
                "Book the cheapest flight from {from} to {to} with my {card}.",
                "Get me from {from} to {to} as cheaply as possible, use {card}.",
                "I need the cheapest flight from {from} to {to}. Charge my {card}.",
            ],
            "On which date?",
            &["date", "when", "which day", "what day"],
            &["On {date}.", "{date}, please.", "The date is {date}."],
        )
    }
}

const WHICH_CARD: &str = "Which card should I charge?";
const CARD_WORDS: &[&str] = &["card", "pay"];
const CARD_SUPPLY: &[&str] = &["My {card}.", "Use the {card}.", "Pay with {card}.", "{card}, please."];

fn book(intent: &Intent, voice: &mut Voice<'_>) -> Said {
    match intent {
        Intent::BookFor { .. } => voice.or_lacking(
            &[
                "Book {pick} for {name}, passport {passport}, with my {card}.",
                "Take {pick} for my friend {name} (passport {passport}). Pay with {card}.",
                "{name} will fly, passport {passport}. Book {pick} and charge my {card}.",
                "Register {name}, passport {passport}, and book {pick} with {card}.",
            ],
            &[
                "Book {pick} for my friend {name} with my {card}.",
                "{name} will fly. Book {pick} and charge my {card}.",
                "Register {name} and book {pick} with {card}.",
            ],
            "What is the passport number?",
            &["passport"],
            &["{passport}.", "The passport is {passport}.", "It is {passport}."],
        ),
        Intent::BookBudget { .. } => voice.whole(&[
            "Raise my budget to {amount} and book {pick} with {card}.",
            "My budget is {amount} euros now. Book {pick} with my {card}.",
            "First set the budget to {amount}, then book {pick}, card {card}.",
            "Book {pick} with {card}. Set my budget to {amount} before.",
        ]),
        Intent::BookEither { .. } => voice.whole(&[
            "Book {pick} with {card}, or with {other} if that is declined.",
            "Take {pick}. Try my {card} first, then {other}.",
            "Book {pick}. Charge {card}; if it fails, use {other}.",
            "I want {pick}, paid with {card}. Should it be refused, take {other}.",
        ]),
        Intent::Rebook { .. } => voice.or_lacking(
            &[
                "Now book the cheapest flight that we found before, with my {card}.",
                "Back to the flights from before: book the cheapest with {card}.",
                "Okay, now take the cheapest flight of my search. Pay with {card}.",
                "Now I want the cheapest flight from earlier, card {card}.",
            ],
            &[
                "Now book the cheapest flight that we found before.",
                "Back to the flights from before: book the cheapest.",
                "Okay, now take the cheapest flight of my search.",
            ],
            WHICH_CARD,
            CARD_WORDS,
            CARD_SUPPLY,
        ),
        _ => voice.or_lacking(
            &[
                "Book {pick} with my {card}.",
                "I take {pick}. Charge my {card}.",
                "Great, book {pick}, card {card}.",
                "Please reserve {pick} and pay with {card}.",
                "Use my {card} and book {pick}.",
                "{pick} is fine, pay it with {card}.",
                "Let's go for {pick}, on my {card}.",
            ],
            &["Book {pick}.", "I take {pick}.", "Please reserve {pick}.", "Let's go for {pick}."],
            WHICH_CARD,
            CARD_WORDS,
            CARD_SUPPLY,
        ),
    }
}

fn care(intent: &Intent, voice: &mut Voice<'_>) -> Said {
    match intent {
        Intent::Bag { .. } => voice.or_lacking(
            &[
                "Add {n} to {which}.",
                "I need {n} on {which}.",
                "Please put {n} on {which}.",
                "Can you add luggage to {which}? {n}.",
                "Extra luggage for {which}: {n}.",
            ],
            &["Add more bags to {which}.", "I need extra bags on {which}.", "Can you add luggage to {which}?"],
            "How many bags?",
            &["how many", "number"],
            &["{n}.", "{n}, please.", "I need {n}."],
        ),
        Intent::Seat { .. } => voice.or_lacking(
            &[
                "Reserve seat {seat} on {which}.",
                "I want seat {seat} for {which}.",
                "Please give me {seat} on {which}.",
                "Can I sit in {seat} on {which}?",
                "Seat {seat} for {which}, please.",
            ],
            &[
                "Reserve a seat on {which}.",
                "I want to choose a seat for {which}.",
                "Please give me a seat on {which}.",
            ],
            "Which seat?",
            &["which seat", "what seat", "seat number", "seat"],
            &["Seat {seat}.", "{seat}, please.", "I want {seat}."],
        ),
        Intent::SeatEither { .. } => voice.whole(&[
            "Reserve seat {seat} on {which}, or {other} if it is taken.",
            "I want {seat} for {which}. If someone has it, take {other}.",
            "Try seat {seat} on {which}, otherwise {other}.",
            "Seat {seat} for {which}, please. My second choice is {other}.",
        ]),
        Intent::BagSeat { .. } => voice.whole(&[
            "Add {n} and seat {seat} to {which}.",
            "For {which} I need {n}, then seat {seat}.",
            "Put {n} on {which} and reserve seat {seat}.",
        ]),
        Intent::Change { .. } => voice.or_lacking(
            &[
                "Move {which} to {date}.",
                "Change the date of {which} to {date}.",
                "I want to fly on {date} instead with {which}.",
                "Please rebook {which} for {date}.",
                "Can {which} be moved to {date}?",
            ],
            &[
                "Move {which} to another day.",
                "Change the date of {which}.",
                "I want to fly on another day with {which}.",
            ],
            "To which date?",
            &["date", "when", "which day", "what day"],
            &["To {date}.", "{date}, please.", "On {date}."],
        ),
        Intent::Cancel { .. } => voice.whole(&[
            "Cancel {which}.",
            "Please cancel {which} and refund me.",
            "I cannot travel, cancel {which}.",
            "Drop {which}. What do I get back?",
            "I no longer need {which}, cancel the flight.",
        ]),
        Intent::CancelOrMove { .. } => voice.whole(&[
            "Cancel {which}. If that is not possible, move it to {date}.",
            "Please cancel {which}, or change it to {date} if there is no refund.",
            "Try to cancel {which}, otherwise rebook it for {date}.",
        ]),
        Intent::RedeemAll { .. } => voice.whole(&[
            "Use all my points on {which}.",
            "Redeem all the points I have for {which}.",
            "Put every loyalty point I have towards {which}.",
            "Check my points and use all of them on {which}.",
        ]),
        _ => voice.or_lacking(
            &[
                "Redeem {points} points for {which}.",
                "Use {points} of my points on {which}.",
                "Pay a part of {which} with {points} points.",
                "Take {points} loyalty points for {which}.",
            ],
            &[
                "Redeem some points for {which}.",
                "Pay a part of {which} with points.",
                "Use my points on {which}, but not all.",
            ],
            "How many points?",
            &["how many", "points"],
            &["{points} points.", "{points}, please.", "Take {points}."],
        ),
    }
}
