//! Airports, base fares and exchange rates as the official tools have them.

use crate::py::Py;

pub const AIRPORTS: &[&str] = &[
    "RMS", "SBK", "MPC", "SVP", "SHD", "CDG", "LHR", "SSV", "OKD", "WLB", "PEK", "HND", "HKG", "CIA", "CRH", "ATV",
    "PHV", "GFD", "SFO", "LAX", "JFK", "ORD", "BOS",
];

const CITIES: &[(&str, &str)] = &[
    ("Rivermist", "RMS"),
    ("Stonebrook", "SBK"),
    ("Maplecrest", "MPC"),
    ("Silverpine", "SVP"),
    ("Shadowridge", "SHD"),
    ("London", "LHR"),
    ("Paris", "CDG"),
    ("Sunset Valley", "SSV"),
    ("Oakendale", "OKD"),
    ("Willowbend", "WLB"),
    ("Crescent Hollow", "CRH"),
    ("Autumnville", "ATV"),
    ("Pinehaven", "PHV"),
    ("Greenfield", "GFD"),
    ("San Francisco", "SFO"),
    ("Los Angeles", "LAX"),
    ("New York", "JFK"),
    ("Chicago", "ORD"),
    ("Boston", "BOS"),
    ("Beijing", "PEK"),
    ("Hong Kong", "HKG"),
    ("Rome", "CIA"),
    ("Tokyo", "HND"),
];

/// By departure, in the order in which long-context results list them.
const FARES: &[(&str, &str)] = &[
    (
        "SFO",
        "LAX200 JFK500 ORD400 BOS450 RMS300 SBK350 MPC370 SVP320 SHD330 SSV340 OKD360 WLB310 CRH380 ATV390 PHV420 GFD430 \
         CIA700",
    ),
    (
        "LAX",
        "SFO100 JFK600 ORD500 BOS550 RMS310 SBK320 MPC330 SVP340 SHD350 SSV360 OKD370 WLB380 CRH390 ATV400 PHV410 GFD420 \
         HND430",
    ),
    (
        "JFK",
        "ORD300 BOS250 RMS450 SBK460 MPC470 SVP480 SHD490 SSV500 OKD510 WLB520 CRH530 ATV540 PHV550 GFD560 LAX570 HND800 \
         PVG950 PEK1000",
    ),
    ("ORD", "LAX180 BOS200 RMS350 SBK360 MPC370 SVP380 SHD390 SSV400 OKD410 WLB420 CRH430 ATV440 PHV450 GFD460"),
    ("BOS", "RMS400 SBK410 MPC420 SVP430 SHD440 SSV450 OKD460 WLB470 CRH480 ATV490 PHV500 GFD510"),
    ("RMS", "BOS200 JFK210 SBK220 MPC230 SVP240 SHD250 SSV260 OKD270 WLB280 CRH290 ATV300 PHV310 GFD320 LAX330"),
    ("SBK", "MPC200 SVP210 SHD220 SSV230 OKD240 WLB250 CRH260 ATV270 PHV280 GFD290"),
    ("MPC", "SVP210 SHD220 SSV230 OKD240 WLB250 CRH260 ATV270 PHV280 GFD290"),
    ("SVP", "SHD230 SSV240 OKD250 WLB260 CRH270 ATV280 PHV290 GFD300"),
    ("SHD", "SSV220 OKD230 WLB240 CRH250 ATV260 PHV270 GFD280"),
    ("SSV", "OKD240 WLB250 CRH260 ATV270 PHV280 GFD290"),
    ("OKD", "WLB230 CRH240 ATV250 PHV260 GFD270"),
    ("WLB", "CRH250 ATV260 PHV270 GFD280"),
    ("CRH", "ATV240 PHV250 GFD260 SFO270 RMS280 HKG290 JFK300"),
    ("ATV", "PHV230 GFD240"),
    ("PHV", "GFD220"),
    ("LHR", "CDG100"),
    ("OKD", "LAX220"),
];

/// Departure, arrival and dollars of every route.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, f64)> {
    FARES.iter().flat_map(|(from, row)| fares(row).map(|(to, dollars)| (*from, to, dollars)))
}

/// The routes of one departure.
fn fares(row: &'static str) -> impl Iterator<Item = (&'static str, f64)> {
    row.split(' ').filter_map(|fare| {
        let (to, dollars) = fare.split_at_checked(3)?;
        Some((to, dollars.parse::<u16>().ok()?.into()))
    })
}

/// The base fare of a route.
pub fn base(from: &str, to: &str) -> Option<f64> {
    let rows = FARES.iter().filter(|(have, _)| *have == from);
    rows.flat_map(|(_, row)| fares(row)).find(|(there, _)| *there == to).map(|(_, dollars)| dollars)
}

/// The airport nearest to a city.
pub fn airport(city: &str) -> Option<&'static str> {
    CITIES.iter().find(|(have, _)| *have == city).map(|(_, code)| *code)
}

/// What a dollar buys.
pub fn rate(currency: &str) -> Option<Py> {
    Some(match currency {
        "RMB" => Py::Int(7),
        "EUR" => Py::Float(0.8),
        "JPY" => Py::Int(110),
        "GBP" => Py::Float(0.7),
        "CAD" => Py::Float(1.3),
        "AUD" => Py::Float(1.4),
        "INR" => Py::Int(70),
        "RUB" => Py::Int(60),
        "BRL" => Py::Float(3.8),
        "MXN" => Py::Int(20),
        _ => return None,
    })
}
