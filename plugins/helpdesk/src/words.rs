//! The vocabulary of worlds and users. Small on purpose: a policy that trains in minutes must meet every word.

/// First names.
pub const NAMES: [&str; 20] = [
    "Ana", "Ben", "Cara", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jade", "Kai", "Lena", "Max", "Nora", "Omar",
    "Pia", "Rosa", "Sam", "Tara", "Uma",
];

/// What tickets are about; first word of a title.
pub const TOPICS: [&str; 20] = [
    "printer",
    "vpn",
    "wifi",
    "email",
    "laptop",
    "phone",
    "monitor",
    "badge",
    "server",
    "backup",
    "payroll",
    "calendar",
    "camera",
    "router",
    "keyboard",
    "password",
    "scanner",
    "projector",
    "database",
    "website",
];

/// What is wrong with it; second word of a title.
pub const TROUBLES: [&str; 8] = ["broken", "slow", "offline", "locked", "missing", "noisy", "outdated", "crashing"];

/// Names of files in the inbox, without the ending.
pub const FILES: [&str; 12] = [
    "trace", "invoice", "photo", "report", "config", "screen", "manual", "budget", "errors", "contract", "map", "notes",
];
/// Endings of file names.
pub const ENDINGS: [&str; 4] = ["log", "pdf", "png", "txt"];

/// Labels for tickets.
pub const TAGS: [&str; 8] = ["loaner", "remote", "hardware", "software", "onsite", "recurring", "training", "audit"];

/// What one person lets another know.
pub const NEWS: [&str; 12] = [
    "the meeting is at noon",
    "call the vendor back",
    "bring a spare cable",
    "the parts have arrived",
    "check the logs tonight",
    "please approve the order",
    "the room is booked",
    "restart it after lunch",
    "the new key works",
    "wait for my signal",
    "lunch is cancelled",
    "the audit starts monday",
];

/// What the knowledge base advises.
pub const TIPS: [&str; 12] = [
    "clear the cache",
    "replace the cable",
    "update the driver",
    "renew the token",
    "reset the device",
    "free some space",
    "check the fuse",
    "reinstall the app",
    "change the channel",
    "clean the lens",
    "unplug it twice",
    "ask for a new key",
];

/// How users put the reasons of [`crate::state::REASONS`] when they do not use the code itself.
pub const REASON_TALK: [[&str; 3]; 4] = [
    ["nobody can work", "everything is down", "the whole floor is offline"],
    ["it may be an attack", "somebody stole an account", "we were hacked"],
    ["it is due today", "time is running out", "it must be done tonight"],
    ["the director is waiting", "our biggest client asked", "the boss asked"],
];

/// How users put the resolutions of [`crate::state::RESOLUTIONS`] when they do not use the code itself.
pub const RESOLUTION_TALK: [[&str; 3]; 4] = [
    ["it works again", "it is repaired", "the problem is gone"],
    ["it repeats another ticket", "we have it twice", "it is the same as another one"],
    ["we will not do it", "the request was refused", "it is out of scope"],
    ["the customer never answered", "nobody replied", "we heard nothing back"],
];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 16] = [
    "scanned by the nightly job without findings",
    "the old desk moved to the second floor",
    "survey sent and not yet returned",
    "imported from the previous system in spring",
    "parking card renewed for another year",
    "reminder mail was delivered to the list",
    "the coffee machine contract ends in june",
    "backup window shifted by one hour",
    "reviewed by the quality group last week",
    "the warranty papers are in the cabinet",
    "a copy went to the archive",
    "the visitor badge was returned",
    "chairs for the meeting room were ordered",
    "the poster about phishing is outdated",
    "translated for the other office",
    "the plant near the door needs water",
];
