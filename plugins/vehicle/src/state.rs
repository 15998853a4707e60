//! The state of one episode: everything that a tool can read or change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub const GEARS: [&str; 4] = ["park", "reverse", "neutral", "drive"];
pub const DOORS: [&str; 5] = ["driver", "passenger", "rear-left", "rear-right", "trunk"];
pub const TYRES: [&str; 4] = ["front-left", "front-right", "back-left", "back-right"];
pub const LIGHTS: [&str; 4] = ["off", "low", "high", "fog"];
pub const VENTS: [&str; 4] = ["face", "feet", "window", "auto"];

/// Where one can drive to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub name: String,
    pub km: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub engine: bool,
    /// Whether the foot brake is pressed.
    pub brake: bool,
    /// Whether the parking brake is set.
    pub parking: bool,
    /// One of [`GEARS`].
    pub gear: String,
    /// Central locking.
    pub locked: bool,
    /// Doors by name; whether each is open.
    pub doors: BTreeMap<String, bool>,
    /// Degrees Celsius.
    pub degrees: u32,
    /// One of [`VENTS`].
    pub vent: String,
    /// One of [`LIGHTS`].
    pub lights: String,
    /// km/h; 0 is off.
    pub cruise: u32,
    /// In the tank.
    pub litres: u32,
    /// Tyres by name, in kPa.
    pub tyres: BTreeMap<String, u32>,
    /// kPa that every tyre should have.
    pub want: u32,
    /// By id.
    pub places: BTreeMap<String, Place>,
    /// Id of the destination.
    pub route: Option<String>,
    /// Keys the irrelevant lines of long results; 0: none.
    #[serde(default)]
    pub clutter: u64,
}

/// Litres that the tank holds.
pub const TANK: u32 = 60;
/// Kilometres on one litre.
pub const KM_PER_LITRE: u32 = 12;
/// kPa that no tyre may pass.
pub const MOST_KPA: u32 = 300;

impl State {
    /// Kilometres left.
    pub fn range(&self) -> u32 {
        self.litres * KM_PER_LITRE
    }

    /// Names of open doors.
    pub fn open(&self) -> Vec<&str> {
        self.doors.iter().filter(|(_, open)| **open).map(|(name, _)| name.as_str()).collect()
    }

    /// Names of tyres below the wanted pressure.
    pub fn low(&self) -> Vec<&str> {
        self.tyres.iter().filter(|(_, kpa)| **kpa < self.want).map(|(name, _)| name.as_str()).collect()
    }

    pub fn parked(&self) -> bool {
        self.gear == "park"
    }

    /// Whether the state is one that a car can be in.
    ///
    /// # Errors
    /// The first thing that is not.
    pub fn check(&self) -> Result<(), String> {
        let known = |what: &str, value: &str, list: &[&str]| {
            if list.contains(&value) { Ok(()) } else { Err(format!("{what} {value:?} is none of {list:?}")) }
        };
        known("gear", &self.gear, &GEARS)?;
        known("lights", &self.lights, &LIGHTS)?;
        known("vent", &self.vent, &VENTS)?;
        let named = DOORS.iter().all(|door| self.doors.contains_key(*door)) && self.doors.len() == DOORS.len();
        let shod = TYRES.iter().all(|tyre| self.tyres.contains_key(*tyre)) && self.tyres.len() == TYRES.len();
        let told = [
            (named, "the doors are not those of this car"),
            (shod, "the tyres are not those of this car"),
            (self.litres <= TANK, "the tank overflows"),
            (!self.locked || self.open().is_empty(), "a locked car has no open door"),
            (self.engine || self.parked(), "a car with its engine off is in park"),
            (self.parked() || self.open().is_empty(), "only a parked car has an open door"),
            (self.cruise == 0 || self.gear == "drive", "cruise control needs drive"),
            (self.route.iter().all(|id| self.places.contains_key(id)), "the route leads nowhere"),
        ];
        told.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, problem)| Err((*problem).to_owned()))
    }
}
