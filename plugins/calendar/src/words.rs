//! The office's vocabulary. Small on purpose: a policy that trains in minutes must meet every word.

/// First names.
pub const NAMES: [&str; 20] = [
    "Adam", "Bella", "Carl", "Dora", "Emil", "Fay", "Gina", "Hans", "Ines", "Jack", "Kira", "Leo", "Mona", "Nils",
    "Olga", "Paul", "Ruth", "Sven", "Tina", "Vera",
];

/// First words of titles; each belongs to one event.
pub const TOPICS: [&str; 20] = [
    "budget", "design", "sales", "hiring", "launch", "safety", "survey", "website", "garden", "payroll", "travel",
    "poster", "summer", "server", "catalog", "museum", "charity", "winter", "contract", "logo",
];
/// Second words of titles.
pub const KINDS: [&str; 6] = ["meeting", "review", "lunch", "workshop", "talk", "call"];

pub const ROOMS: [&str; 8] = ["Oak", "Elm", "Ash", "Fir", "Birch", "Maple", "Cedar", "Willow"];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "the lift on the east side is being repaired",
    "coffee is free during the first week",
    "badges must be worn in the corridor",
    "the projector cable is kept at the desk",
    "windows are cleaned on the last friday",
    "lost scarves can be fetched in the lobby",
    "the canteen serves soup in the evening",
    "plants are watered by the morning shift",
    "parking behind the building is limited",
    "the quiet zone begins on the fifth floor",
    "heating is turned down over the weekend",
    "whiteboards were replaced in the spring",
    "a fire drill is planned for the autumn",
    "visitors should sign the book at the door",
];
