//! The market's vocabulary. Small on purpose: a policy that trains in minutes must meet every word.

/// (company, symbol)
pub const COMPANIES: [(&str, &str); 26] = [
    ("Alpine", "ALPN"),
    ("Borealis", "BORL"),
    ("Cobalt", "COBT"),
    ("Dorado", "DRDO"),
    ("Ember", "EMBR"),
    ("Falcon", "FLKN"),
    ("Granite", "GRNT"),
    ("Harbor", "HRBR"),
    ("Indigo", "INDG"),
    ("Juniper", "JUNI"),
    ("Kestrel", "KSTR"),
    ("Lumen", "LUME"),
    ("Meadow", "MEDW"),
    ("Nimbus", "NMBS"),
    ("Orchid", "ORCD"),
    ("Pioneer", "PNER"),
    ("Quartz", "QRTZ"),
    ("Raven", "RAVN"),
    ("Saffron", "SFRN"),
    ("Tundra", "TNDR"),
    ("Umbra", "UMBR"),
    ("Vertex", "VERX"),
    ("Willow", "WILW"),
    ("Xenon", "XENO"),
    ("Yarrow", "YARW"),
    ("Zephyr", "ZEFR"),
];

pub const SECTORS: [&str; 4] = ["energy", "health", "retail", "tech"];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "analysts meet again on thursday afternoon",
    "the yearly report is printed on green paper",
    "tax forms will be sent in the spring",
    "no dividend is planned this quarter",
    "the exchange celebrates its anniversary",
    "statements are archived for ten years",
    "a new chair was elected to the board",
    "volumes were thin before the holiday",
    "the phone desk is busy in the morning",
    "currency risk is not covered by the plan",
    "index weights are reviewed twice a year",
    "the newsletter moved to another day",
    "settlement takes two working days",
    "the old terminal is switched off in june",
];
