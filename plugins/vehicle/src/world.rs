//! Random cars: parked with the engine off, running in park, or on the road.

use std::collections::BTreeMap;

use coevo_sdk::Rng;

use crate::state::{DOORS, LIGHTS, Place, State, TYRES, VENTS};

/// Names on the map.
pub const PLACES: [&str; 24] = [
    "Airport", "Aquarium", "Bakery", "Beach", "Bookshop", "Campus", "Castle", "Clinic", "Garage", "Gym", "Harbour",
    "Hotel", "Library", "Market", "Museum", "Office", "Opera", "Park", "Pharmacy", "School", "Stadium", "Station",
    "Theatre", "Zoo",
];

/// Who rides along.
pub const NAMES: [&str; 16] = [
    "Ada", "Bruno", "Clara", "Dora", "Emil", "Fay", "Gil", "Heidi", "Ian", "June", "Kurt", "Lola", "Mona", "Nils",
    "Olga", "Paul",
];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "oil was changed at the spring service",
    "the radio plays the local station",
    "seat heating was calibrated in the factory",
    "a software note is waiting in the app",
    "mirror position two is stored",
    "the trailer module is not installed",
    "rain sensor cleaned by the workshop",
    "trip counter shows the last weekend",
    "the spare key was paired last year",
    "wiper blades come from another maker",
    "the warranty booklet is in the glove box",
    "ambient colour follows the clock",
    "the horn was tested at inspection",
    "cup holder light has a loose contact",
];

/// A car and its surroundings. Where the engine is off, it is parked and the brake is released.
pub fn random(rng: &mut Rng) -> State {
    let engine = rng.below(10) < 5;
    let driving = engine && rng.one_in(2);
    let locked = engine || rng.one_in(4);
    let mut doors: BTreeMap<String, bool> = DOORS.iter().map(|door| ((*door).to_owned(), false)).collect();
    if !locked && rng.one_in(2) {
        doors.insert(rng.pick(&DOORS).to_owned(), true);
    }
    let want = 10 * rng.range(22, 27);
    let mut tyres: BTreeMap<String, u32> = TYRES.iter().map(|tyre| ((*tyre).to_owned(), want)).collect();
    tyres.insert(rng.pick(&TYRES).to_owned(), want - rng.range(15, 60));
    let names = rng.distinct(PLACES.len(), 4);
    let first = rng.range(1, 60);
    let litres = rng.range(4, 25);
    let places = names.into_iter().zip(first..).map(|(name, id)| {
        // One place in three is out of range.
        let km = if rng.one_in(3) { litres * 12 + rng.range(5, 90) } else { rng.range(3, litres * 12) };
        (format!("p{id}"), Place { name: PLACES[name].to_owned(), km })
    });
    let places = places.collect();
    State {
        engine,
        brake: engine && !driving && rng.one_in(2),
        parking: !driving && rng.one_in(2),
        gear: if driving { "drive" } else { "park" }.to_owned(),
        locked,
        doors,
        degrees: rng.range(17, 26),
        vent: rng.pick(&VENTS).to_owned(),
        lights: rng.pick(&LIGHTS).to_owned(),
        cruise: 0,
        litres,
        tyres,
        want,
        places,
        route: None,
        clutter: 0,
    }
}
