//! The vocabulary of trees and users. Small on purpose: a policy that trains in minutes must meet every word.

/// Folders.
pub const FOLDERS: [&str; 16] = [
    "docs", "music", "photos", "work", "old", "backup", "projects", "school", "garden", "travel", "recipes", "private",
    "shared", "bills", "drafts", "sport",
];

/// Files, without the ending.
pub const FILES: [&str; 24] = [
    "notes", "budget", "plan", "todo", "list", "report", "letter", "diary", "ideas", "names", "prices", "rules",
    "menu", "agenda", "goals", "recipe", "errors", "stock", "dates", "songs", "books", "chores", "scores", "tips",
];
/// Endings of files.
pub const ENDINGS: [&str; 4] = ["txt", "csv", "md", "log"];

/// First words of lines.
pub const VERBS: [&str; 12] =
    ["buy", "call", "paint", "clean", "fix", "plant", "sell", "send", "wash", "bring", "order", "check"];
/// Second words of lines.
pub const THINGS: [&str; 20] = [
    "apples", "bread", "chairs", "lamps", "paper", "plates", "shoes", "tickets", "windows", "roses", "tools", "boxes",
    "coats", "maps", "keys", "pens", "cups", "bikes", "carpets", "doors",
];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "the nightly scan found nothing unusual",
    "disk health is good on all drives",
    "a shell update is ready for the weekend",
    "three users were signed in this morning",
    "the cache was emptied two days ago",
    "old sessions were closed after an hour",
    "the mirror in the cellar is up to date",
    "indexing will start again at midnight",
    "no printer is connected to this machine",
    "the clock was set by the time server",
    "thumbnails are kept for thirty days",
    "mail about quotas goes to the owner",
    "the fan runs slower since the repair",
    "colours of the prompt can be changed",
];
