//! `VehicleControlAPI`: a car with interlocks, and a small atlas.

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, Shown, generator, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult, Random};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleControlApi {
    fuel_level: Py,
    battery_voltage: Py,
    engine_state: Py,
    remaining_unlocked_doors: Py,
    door_status: Py,
    ac_temperature: Py,
    fan_speed: Py,
    ac_mode: Py,
    humidity_level: Py,
    head_light_status: Py,
    parking_brake_status: Py,
    /// Newton; shown, but not compared, as are the slope's angle and the brake pedal's force.
    parking_brake_force: Py,
    slope_angle: Py,
    brake_pedal_status: Py,
    brake_pedal_force: Py,
    distance_to_next_vehicle: Py,
    cruise_status: Py,
    destination: Py,
    front_left_tire: Py,
    front_right_tire: Py,
    rear_left_tire: Py,
    rear_right_tire: Py,
    long_context: Py,
    random: Random,
}

const MODE: &[(&str, Default)] = &[("mode", Required)];

impl Class for VehicleControlApi {
    const NAME: &'static str = "VehicleControlAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "activateParkingBrake", params: MODE },
        Function {
            name: "adjustClimateControl",
            params: &[
                ("temperature", Required),
                ("unit", Default::Str("celsius")),
                ("fanSpeed", Default::Int(50)),
                ("mode", Default::Str("auto")),
            ],
        },
        Function { name: "check_tire_pressure", params: &[] },
        Function { name: "displayCarStatus", params: &[("option", Required)] },
        Function { name: "display_log", params: &[("messages", Required)] },
        Function { name: "estimate_distance", params: &[("cityA", Required), ("cityB", Required)] },
        Function { name: "estimate_drive_feasibility_by_mileage", params: &[("distance", Required)] },
        Function { name: "fillFuelTank", params: &[("fuelAmount", Required)] },
        Function { name: "find_nearest_tire_shop", params: &[] },
        Function { name: "gallon_to_liter", params: &[("gallon", Required)] },
        Function { name: "get_current_speed", params: &[] },
        Function { name: "get_outside_temperature_from_google", params: &[] },
        Function { name: "get_outside_temperature_from_weather_com", params: &[] },
        Function { name: "get_zipcode_based_on_city", params: &[("city", Required)] },
        Function { name: "liter_to_gallon", params: &[("liter", Required)] },
        Function { name: "lockDoors", params: &[("unlock", Required), ("door", Required)] },
        Function { name: "pressBrakePedal", params: &[("pedalPosition", Required)] },
        Function { name: "releaseBrakePedal", params: &[] },
        Function {
            name: "setCruiseControl",
            params: &[("speed", Required), ("activate", Required), ("distanceToNextVehicle", Required)],
        },
        Function { name: "setHeadlights", params: MODE },
        Function { name: "set_navigation", params: &[("destination", Required)] },
        Function { name: "startEngine", params: &[("ignitionMode", Required)] },
    ];

    attributes! {
        "fuelLevel" = fuel_level,
        "batteryVoltage" = battery_voltage,
        "engine_state" = engine_state,
        "remainingUnlockedDoors" = remaining_unlocked_doors,
        "doorStatus" = door_status,
        "acTemperature" = ac_temperature,
        "fanSpeed" = fan_speed,
        "acMode" = ac_mode,
        "humidityLevel" = humidity_level,
        "headLightStatus" = head_light_status,
        "parkingBrakeStatus" = parking_brake_status,
        "brakePedalStatus" = brake_pedal_status,
        "distanceToNextVehicle" = distance_to_next_vehicle,
        "cruiseStatus" = cruise_status,
        "destination" = destination,
        "frontLeftTirePressure" = front_left_tire,
        "frontRightTirePressure" = front_right_tire,
        "rearLeftTirePressure" = rear_left_tire,
        "rearRightTirePressure" = rear_right_tire,
        "long_context" = long_context,
    }

    fn load(config: &mut Py, ctx: Ctx<'_>) -> Result<Self, PyErr> {
        let doors = ["driver", "passenger", "rear_left", "rear_right"].map(|door| (door, "unlocked"));
        let door_status = setting(config, "doorStatus", Py::dict(doors));
        let doors = door_status.pairs().ok_or_else(|| PyErr::attribute(&door_status, "keys"))?;
        let locked = doors.iter().filter(|(_, status)| status.as_str() == Some("locked")).count() as i64;
        let random = generator(config, 141_053);
        let mut given = |name: &str, default: Py| setting(config, name, default);
        Ok(Self {
            fuel_level: given("fuelLevel", 0.0.into()),
            battery_voltage: given("batteryVoltage", 12.6.into()),
            engine_state: given("engineState", "stopped".into()),
            remaining_unlocked_doors: Py::Int(4 - locked),
            ac_temperature: given("acTemperature", 25.0.into()),
            fan_speed: given("fanSpeed", 50.into()),
            ac_mode: given("acMode", "auto".into()),
            humidity_level: given("humidityLevel", 50.0.into()),
            head_light_status: given("headLightStatus", "off".into()),
            parking_brake_status: given("parkingBrakeStatus", "released".into()),
            parking_brake_force: given("parkingBrakeForce", 0.0.into()),
            slope_angle: given("slopeAngle", 0.0.into()),
            brake_pedal_status: given("brakePedalStatus", "released".into()),
            brake_pedal_force: given("brakePedalForce", 0.0.into()),
            distance_to_next_vehicle: given("distanceToNextVehicle", 50.0.into()),
            cruise_status: given("cruiseStatus", "inactive".into()),
            destination: given("destination", "None".into()),
            front_left_tire: given("frontLeftTirePressure", 32.0.into()),
            front_right_tire: given("frontRightTirePressure", 32.0.into()),
            rear_left_tire: given("rearLeftTirePressure", 30.0.into()),
            rear_right_tire: given("rearRightTirePressure", 30.0.into()),
            long_context: Py::Bool(!ctx.long.is_empty()),
            random,
            door_status,
        })
    }

    fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult {
        match (function, args) {
            ("activateParkingBrake", [mode]) => Ok(self.parking_brake(mode, ctx)),
            ("adjustClimateControl", [temperature, unit, fan, mode]) => self.climate(temperature, unit, fan, mode),
            ("check_tire_pressure", []) => self.tires(ctx),
            ("displayCarStatus", [option]) => Ok(self.status(option, ctx)),
            ("display_log", [messages]) => Ok(Py::dict([("log", messages.clone())])),
            ("estimate_distance", [from, to]) => Ok(distance(from, to, ctx)),
            ("estimate_drive_feasibility_by_mileage", [distance]) => {
                let range = py::mul(&self.fuel_level, &Py::Float(MILES_PER_GALLON))?;
                Ok(Py::dict([("canDrive", !py::less(&range, distance)?)]))
            }
            ("fillFuelTank", [amount]) => self.fill(amount),
            ("find_nearest_tire_shop", []) => Ok(Py::dict([("shopLocation", "456 Oakwood Avenue, Rivermist, 83214")])),
            ("gallon_to_liter", [gallon]) => Ok(Py::dict([("liter", py::mul(gallon, &Py::Float(3.78541))?)])),
            ("liter_to_gallon", [liter]) => Ok(Py::dict([("gallon", py::mul(liter, &Py::Float(0.264172))?)])),
            ("get_current_speed", []) => Ok(Py::dict([("currentSpeed", self.random.uniform(0.0, 120.0))])),
            ("get_outside_temperature_from_google", []) => {
                let mut weather = ctx.long("LONG_WEATHER_EXTENSION").cloned().unwrap_or_else(|| Py::Dict(Vec::new()));
                weather.set("outsideTemperature", self.random.uniform(-10.0, 40.0));
                Ok(weather)
            }
            ("get_outside_temperature_from_weather_com", []) => Ok(Py::dict([("error", 404)])),
            ("get_zipcode_based_on_city", [city]) => Ok(Py::dict([("zipcode", zipcode(city))])),
            ("lockDoors", [unlock, doors]) => self.lock(unlock.truth(), doors),
            ("pressBrakePedal", [position]) => self.press(position),
            ("releaseBrakePedal", []) => Ok(self.release()),
            ("setCruiseControl", [speed, activate, distance]) => self.cruise(speed, activate, distance),
            ("setHeadlights", [mode]) => Ok(match mode.as_str() {
                Some(mode @ ("on" | "off" | "auto")) => {
                    self.head_light_status = if mode == "on" { "on" } else { "off" }.into();
                    Py::dict([("headlightStatus", self.head_light_status.clone())])
                }
                _ => Py::error("Invalid headlight mode."),
            }),
            ("set_navigation", [destination]) => {
                self.destination = destination.clone();
                Ok(Py::dict([("status", py::add(&"Navigating to ".into(), destination)?)]))
            }
            ("startEngine", [mode]) => self.start(mode),
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

const MILES_PER_GALLON: f64 = 20.0;
const TANK: i64 = 50;

/// `low <= x <= high`.
fn within(low: i64, x: &Py, high: i64) -> Result<bool, PyErr> {
    let at_most = |a: &Py, b: &Py| py::order(a, "<=", b, std::cmp::Ordering::is_le);
    Ok(at_most(&Py::Int(low), x)? && at_most(x, &Py::Int(high))?)
}

impl VehicleControlApi {
    fn start(&mut self, mode: &Py) -> PyResult {
        // This comes before all checks.
        if mode.as_str() == Some("STOP") {
            self.engine_state = "stopped".into();
        }
        if py::more(&self.remaining_unlocked_doors, &Py::Int(0))? {
            let doors = self.door_status.pairs().unwrap_or_default();
            let open = doors.iter().filter(|(_, status)| status.as_str() == Some("unlocked"));
            let open: Vec<String> = open.map(|(door, _)| py::str(door)).collect();
            return Ok(Py::error(format!(
                "All doors must be locked before starting the engine. Here are the unlocked doors: {}",
                open.join(", ")
            )));
        }
        if self.brake_pedal_status.as_str() != Some("pressed") {
            return Ok(Py::error("Brake pedal needs to be pressed when starting the engine."));
        }
        if self.brake_pedal_force != Py::Int(1000) {
            return Ok(Py::error("Must press the brake fully before starting the engine."));
        }
        if py::less(&self.fuel_level, &Py::Int(0))? {
            return Ok(Py::error("Fuel tank is empty."));
        }
        if mode.as_str() != Some("START") {
            return Ok(Py::error("Invalid ignition mode."));
        }
        self.engine_state = "running".into();
        Ok(Py::dict([
            ("engineState", self.engine_state.clone()),
            ("fuelLevel", self.fuel_level.clone()),
            ("batteryVoltage", self.battery_voltage.clone()),
        ]))
    }

    fn fill(&mut self, amount: &Py) -> PyResult {
        if py::less(amount, &Py::Int(0))? {
            return Ok(Py::error("Fuel amount cannot be negative."));
        }
        let level = py::add(&self.fuel_level, amount)?;
        if py::more(&level, &Py::Int(TANK))? {
            return Ok(Py::error("Cannot fill gas above the tank capacity."));
        }
        if py::less(&level, &Py::Int(0))? {
            return Ok(Py::error("Fuel tank is empty. Min fuel level is 0 gallons."));
        }
        self.fuel_level = level;
        Ok(Py::dict([("fuelLevel", self.fuel_level.clone())]))
    }

    fn lock(&mut self, unlock: bool, doors: &Py) -> PyResult {
        let (status, step) = if unlock { ("unlocked", 1) } else { ("locked", -1) };
        for door in doors.iterate()? {
            door.hashable()?;
            let now = self.door_status.at_mut(&door)?;
            if now.as_str() != Some(status) {
                *now = status.into();
                py::in_place(&mut self.remaining_unlocked_doors, "+", &Py::Int(step))?;
            }
        }
        Ok(Py::dict([("lockStatus", status.into()), ("remainingUnlockedDoors", self.remaining_unlocked_doors.clone())]))
    }

    fn climate(&mut self, temperature: &Py, unit: &Py, fan: &Py, mode: &Py) -> PyResult {
        if !within(0, fan, 100)? {
            return Ok(Py::error("Fan speed must be between 0 and 100."));
        }
        self.ac_temperature = temperature.clone();
        if unit.as_str() == Some("fahrenheit") {
            let fives = py::mul(&py::sub(temperature, &Py::Int(32))?, &Py::Int(5))?;
            self.ac_temperature = py::div(&fives, &Py::Int(9))?;
        }
        self.fan_speed = fan.clone();
        self.ac_mode = mode.clone();
        Ok(Py::dict([
            ("currentACTemperature", temperature.clone()),
            ("climateMode", mode.clone()),
            ("humidityLevel", self.humidity_level.clone()),
        ]))
    }

    fn status(&self, option: &Py, ctx: Ctx<'_>) -> Py {
        let fields: &[(&str, &Py)] = match option.as_str().unwrap_or_default() {
            "fuel" => &[("fuelLevel", &self.fuel_level)],
            "battery" => &[("batteryVoltage", &self.battery_voltage)],
            "doors" => &[("doorStatus", &self.door_status)],
            "climate" => &[
                ("currentACTemperature", &self.ac_temperature),
                ("fanSpeed", &self.fan_speed),
                ("climateMode", &self.ac_mode),
                ("humidityLevel", &self.humidity_level),
            ],
            "headlights" => &[("headlightStatus", &self.head_light_status)],
            "parkingBrake" => &[
                ("parkingBrakeStatus", &self.parking_brake_status),
                ("parkingBrakeForce", &self.parking_brake_force),
                ("slopeAngle", &self.slope_angle),
            ],
            "brakePedal" => {
                &[("brakePedalStatus", &self.brake_pedal_status), ("brakePedalForce", &self.brake_pedal_force)]
            }
            "engine" => &[("engineState", &self.engine_state)],
            _ => &[],
        };
        let mut status = Py::Dict(Vec::new());
        if let Some(metadata) = ctx.long("CAR_STATUS_METADATA_EXTENSION") {
            status.set("metadata", metadata.clone());
        }
        for (name, value) in fields {
            status.set(*name, (*value).clone());
        }
        if fields.is_empty() {
            status.set("error", "Invalid option");
        }
        status
    }

    fn parking_brake(&mut self, mode: &Py, ctx: Ctx<'_>) -> Py {
        let (status, force) = match mode.as_str() {
            Some("engage") => ("engaged", 500.0),
            Some("release") => ("released", 0.0),
            _ => return Py::error("Invalid mode"),
        };
        self.parking_brake_status = status.into();
        self.parking_brake_force = force.into();
        self.slope_angle = Py::Float(10.0);
        let mut result = Py::Dict(Vec::new());
        if let Some(instruction) = ctx.long("PARKING_BRAKE_INSTRUCTION") {
            result.set("parkingBrakeInstruction", instruction.clone());
        }
        result.set("parkingBrakeStatus", status);
        result.set("_parkingBrakeForce", force);
        result.set("_slopeAngle", 10.0);
        result
    }

    fn press(&mut self, position: &Py) -> PyResult {
        if !within(0, position, 1)? {
            return Ok(Py::error("Pedal position must be between 0 and 1."));
        }
        if *position == Py::Int(0) {
            return Ok(self.release());
        }
        let force = py::mul(position, &Py::Int(1000))?;
        self.brake_pedal_status = "pressed".into();
        let shown = py::to_float(&force)?;
        self.brake_pedal_force = force;
        Ok(Py::dict([("brakePedalStatus", Py::from("pressed")), ("brakePedalForce", shown.into())]))
    }

    fn release(&mut self) -> Py {
        self.brake_pedal_status = "released".into();
        self.brake_pedal_force = Py::Float(0.0);
        Py::dict([("brakePedalStatus", Py::from("released")), ("brakePedalForce", 0.0.into())])
    }

    fn cruise(&mut self, speed: &Py, activate: &Py, distance: &Py) -> PyResult {
        let distance = py::to_float(distance)?;
        let speed = py::to_float(speed)?;
        if self.engine_state.as_str() == Some("stopped") {
            return Ok(Py::error("Start the engine before activating the cruise control."));
        }
        self.distance_to_next_vehicle = distance.into();
        let active = activate.truth();
        if active && (!(0.0..=120.0).contains(&speed) || speed % 5.0 != 0.0) {
            return Ok(Py::error("Invalid speed"));
        }
        self.cruise_status = if active { "active" } else { "inactive" }.into();
        Ok(Py::dict([
            ("cruiseStatus", self.cruise_status.clone()),
            ("currentSpeed", speed.into()),
            ("distanceToNextVehicle", distance.into()),
        ]))
    }

    fn tires(&self, ctx: Ctx<'_>) -> PyResult {
        let tires = [
            ("frontLeftTirePressure", &self.front_left_tire),
            ("frontRightTirePressure", &self.front_right_tire),
            ("rearLeftTirePressure", &self.rear_left_tire),
            ("rearRightTirePressure", &self.rear_right_tire),
        ];
        let mut sum = tires[0].1.clone();
        for (_, pressure) in &tires[1..] {
            sum = py::add(&sum, pressure)?;
        }
        let healthy = within(30, &py::div(&sum, &Py::Int(4))?, 35)?;
        let info = ctx.long("CAR_STATUS_METADATA_EXTENSION").cloned().unwrap_or_else(|| Py::Dict(Vec::new()));
        let mut status = Py::dict(tires.map(|(name, pressure)| (name, pressure.clone())));
        status.set("healthy_tire_pressure", healthy);
        status.set("car_info", info);
        Ok(status)
    }
}

/// Kilometres between two zip codes, in either direction.
const DISTANCES: &[(&str, &str, f64)] = &[
    ("83214", "74532", 750.0),
    ("56108", "62947", 320.0),
    ("71354", "83462", 450.0),
    ("47329", "52013", 290.0),
    ("69238", "51479", 630.0),
    ("94016", "83214", 980.0),
    ("94016", "94704", 600.0),
    ("94704", "08540", 2550.0),
    ("94016", "08540", 1950.0),
    ("62947", "47329", 1053.0),
    ("94016", "62947", 780.0),
    ("74532", "94016", 880.0),
];

fn distance(from: &Py, to: &Py, ctx: Ctx<'_>) -> Py {
    let ends = (from.as_str().unwrap_or_default(), to.as_str().unwrap_or_default());
    let known = DISTANCES.iter().find(|(a, b, _)| ends == (*a, *b) || ends == (*b, *a));
    let mut result = match known {
        Some((_, _, km)) => Py::dict([("distance", *km)]),
        None => Py::error("distance not found in database."),
    };
    if let Some(cities) = ctx.items("INTERMEDIARY_CITIES", Shown::Json) {
        result.set("intermediaryCities", vec![cities]);
    }
    result
}

fn zipcode(city: &Py) -> &'static str {
    match city.as_str().unwrap_or_default() {
        "Rivermist" => "83214",
        "Stonebrook" => "74532",
        "Maplecrest" => "56108",
        "Silverpine" => "62947",
        "Shadowridge" => "71354",
        "Sunset Valley" => "83462",
        "Oakendale" => "47329",
        "Willowbend" => "52013",
        "Crescent Hollow" => "69238",
        "Autumnville" => "51479",
        "San Francisco" => "94016",
        _ => "00000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str, calls: &[(&str, &str, &str)]) -> VehicleControlApi {
        let ctx = Ctx { long: &[], today: (2026, 1, 1) };
        let mut car = VehicleControlApi::load(&mut py::parse_literal(config).unwrap(), ctx).unwrap();
        for (function, args, want) in calls {
            let args = py::parse_literal(&format!("[{args}]")).unwrap();
            let got = car.call(function, args.items().unwrap(), ctx);
            let got = got.map_or_else(|error| format!("raised {}", error.0), |value| py::repr(&value));
            assert_eq!(got, *want, "{function}({args:?})");
        }
        car
    }

    #[test]
    fn interlocks_and_kinds_of_numbers() {
        run(
            "{'doorStatus': {'driver': 'unlocked', 'rear': 'locked', 'a': 'locked', 'b': 'locked'}, 'fuelLevel': 5}",
            &[
                (
                    "startEngine",
                    "'START'",
                    "{'error': 'All doors must be locked before starting the engine. Here are the unlocked doors: driver'}",
                ),
                ("lockDoors", "False, ['driver', 'boot']", "raised 'boot'"),
                ("startEngine", "'START'", "{'error': 'Brake pedal needs to be pressed when starting the engine.'}"),
                ("pressBrakePedal", "0.5", "{'brakePedalStatus': 'pressed', 'brakePedalForce': 500.0}"),
                ("startEngine", "'START'", "{'error': 'Must press the brake fully before starting the engine.'}"),
                ("pressBrakePedal", "1", "{'brakePedalStatus': 'pressed', 'brakePedalForce': 1000.0}"),
                ("displayCarStatus", "'brakePedal'", "{'brakePedalStatus': 'pressed', 'brakePedalForce': 1000}"),
                ("startEngine", "'START'", "{'engineState': 'running', 'fuelLevel': 5, 'batteryVoltage': 12.6}"),
                (
                    "setCruiseControl",
                    "'65', True, 100",
                    "{'cruiseStatus': 'active', 'currentSpeed': 65.0, 'distanceToNextVehicle': 100.0}",
                ),
                ("setCruiseControl", "63, True, 100", "{'error': 'Invalid speed'}"),
                ("setCruiseControl", "'fast', True, 100", "raised could not convert string to float: 'fast'"),
                ("startEngine", "'STOP'", "{'error': 'Invalid ignition mode.'}"),
                ("displayCarStatus", "'engine'", "{'engineState': 'stopped'}"),
            ],
        );
    }

    #[test]
    fn a_failing_call_keeps_what_it_did() {
        let car = run(
            "{}",
            &[
                (
                    "adjustClimateControl",
                    "'hot', 'fahrenheit', 50, 'auto'",
                    "raised unsupported operand type(s) for -: 'str' and 'int'",
                ),
                (
                    "adjustClimateControl",
                    "20, 'celsius', 'max', 'auto'",
                    "raised '<=' not supported between instances of 'int' and 'str'",
                ),
                ("set_navigation", "5", "raised can only concatenate str (not \"int\") to str"),
                ("liter_to_gallon", "'x'", "raised can't multiply sequence by non-int of type 'float'"),
            ],
        );
        assert_eq!((car.ac_temperature, car.destination), ("hot".into(), Py::Int(5)));
    }

    #[test]
    fn draws_and_the_atlas() {
        run(
            "{}",
            &[
                ("get_outside_temperature_from_google", "", "{'outsideTemperature': 36.63485703790535}"),
                ("estimate_distance", "'74532', '83214'", "{'distance': 750.0}"),
                ("get_zipcode_based_on_city", "'Atlantis'", "{'zipcode': '00000'}"),
                (
                    "check_tire_pressure",
                    "",
                    "{'frontLeftTirePressure': 32.0, 'frontRightTirePressure': 32.0, 'rearLeftTirePressure': 30.0, 'rearRightTirePressure': 30.0, 'healthy_tire_pressure': True, 'car_info': {}}",
                ),
            ],
        );
    }
}
