//! How users put their requests. `{f}` is a file, `{d}` a folder, `{to}` a new path.

pub const CD: &[&str] =
    &["go to {d}", "change to {d}", "switch to the folder {d}", "Let us work in {d}.", "move over to {d}"];
pub const CD_NO: &[&str] = &["change the current folder", "go to another folder"];

pub const LS: &[&str] = &["What is in {d}?", "list {d}", "show me what {d} holds", "Which files are in {d}?"];
pub const LS_HERE: &[&str] =
    &["What is in this folder?", "list the current folder", "Which files are here?", "show me what is here"];
pub const LS_NO: &[&str] = &["list one of the folders", "What is in that other folder?"];

pub const FIND: &[&str] =
    &["Where is {n}?", "find {n}", "I lost {n}, where is it?", "tell me where {n} is", "In which place is {n}?"];
pub const FIND_NO: &[&str] = &["find a file for me", "I lost a file, where is it?"];

pub const CAT: &[&str] =
    &["show {f}", "print {f}", "What does {f} say?", "read {f} to me", "open {f} and tell me what it says"];
pub const CAT_NO: &[&str] = &["show me a file", "read one of the files to me"];

pub const HEAD: &[&str] =
    &["show the first {n} lines of {f}", "What are the first {n} lines of {f}?", "print the top {n} lines of {f}"];
pub const HEAD_NO: &[&str] = &["show the first lines of {f}", "print the top of {f}"];
pub const TAIL: &[&str] =
    &["show the last {n} lines of {f}", "What are the last {n} lines of {f}?", "print the final {n} lines of {f}"];
pub const TAIL_NO: &[&str] = &["show the last lines of {f}", "print the end of {f}"];

pub const GREP: &[&str] =
    &["Which line of {f} has {w}?", "look for {w} in {f}", "search {f} for {w}", "Does {f} say something about {w}?"];
pub const GREP_NO: &[&str] = &["search {f} for a word", "look for a word in {f}"];

pub const SORT: &[&str] = &[
    "sort {f} and tell me the first line",
    "Which line of {f} comes first when sorted?",
    "put the lines of {f} in order",
];
pub const WC: &[&str] =
    &["How many lines does {f} have?", "count the lines of {f}", "tell me the number of lines in {f}"];
pub const WC_WORDS: &[&str] =
    &["How many words does {f} have?", "count the words of {f}", "tell me the number of words in {f}"];
pub const COUNT_NO: &[&str] = &["count the lines of a file", "How many words does that file have?"];

pub const DIFF: &[&str] =
    &["What is new in {g} compared with {f}?", "compare {f} with {g}", "How does {g} differ from {f}?"];
pub const DIFF_NO: &[&str] = &["compare {f} with another file", "How does {f} differ from the other one?"];

pub const DU: &[&str] =
    &["How big is {d}?", "How many bytes are in {d}?", "tell me the size of {d}", "add up the bytes in {d}"];
pub const DU_NO: &[&str] = &["tell me the size of a folder", "How big is that folder?"];

pub const MKDIR: &[&str] =
    &["make a folder {to}", "create the folder {to}", "I need a folder {to}.", "add a new folder {to}"];
pub const MKDIR_NO: &[&str] = &["make a new folder", "I need another folder."];
pub const MKDIR_DEEP: &[&str] =
    &["make the folder {to}, with {up} first if that is missing", "create {to}, and {up} before it if needed"];

pub const TOUCH: &[&str] = &["make an empty file {to}", "create an empty {to}", "add the empty file {to}"];
pub const TOUCH_NO: &[&str] = &["make an empty file", "create a new empty file"];

pub const WRITE: &[&str] = &[
    "write \"{x}\" to {to}",
    "put \"{x}\" into a new file {to}",
    "save \"{x}\" as {to}",
    "create {to} with the line \"{x}\"",
];
pub const WRITE_NO_TEXT: &[&str] = &["write something to {to}", "save a line as {to}"];
pub const WRITE_NO_FILE: &[&str] = &["write \"{x}\" to a file", "save the line \"{x}\""];

pub const APPEND: &[&str] = &[
    "add \"{x}\" to {f}",
    "append \"{x}\" to {f}",
    "add the line \"{x}\" at the end of {f}",
    "{f} should also say \"{x}\".",
];
pub const APPEND_NO_TEXT: &[&str] = &["add a line to {f}", "append something to {f}"];
pub const APPEND_NO_FILE: &[&str] = &["add \"{x}\" to a file", "append the line \"{x}\""];
pub const APPEND_UNLOCK: &[&str] =
    &["add \"{x}\" to {f}, unlock it if it is locked", "append \"{x}\" to {f}, if it is locked unlock it first"];
pub const APPEND_FROM: &[&str] =
    &["add the {end} line of {f} to {g}", "take the {end} line of {f} and append it to {g}"];

pub const CP: &[&str] = &["copy {f} to {to}", "make a copy of {f} as {to}", "duplicate {f} as {to}"];
pub const CP_INTO: &[&str] = &["copy {f} into {d}", "put a copy of {f} in {d}", "I want {f} in {d} too."];
pub const CP_NO: &[&str] = &["copy {f}", "make a copy of {f}"];
pub const CP_AGAIN: &[&str] =
    &["copy {f} to {to}, delete that one if it exists", "copy {f} over {to}, remove the old one if you must"];

pub const MV: &[&str] = &["rename {f} to {to}", "call {f} {to} from now on", "change the name of {f} to {to}"];
pub const MV_INTO: &[&str] = &["move {f} into {d}", "put {f} in {d}", "{f} belongs in {d}, move it."];
pub const MV_NO: &[&str] = &["move {f} somewhere else", "give {f} another place"];

pub const RM: &[&str] = &["delete {f}", "remove {f}", "I do not need {f} any more, delete it.", "get rid of {f}"];
pub const RM_NO: &[&str] = &["delete a file", "remove one of the files"];
pub const RM_UNLOCK: &[&str] =
    &["delete {f}, unlock it if it is locked", "remove {f}, if it is locked unlock it first"];
pub const RM_FOLDER: &[&str] =
    &["delete the folder {d}, and {f} before it if needed", "remove {d}, if it is not empty delete {f} first"];

pub const LOCK: &[&str] =
    &["lock {f}", "make {f} read-only", "nobody may change {f}, lock it.", "protect {f} from changes"];
pub const UNLOCK: &[&str] = &["unlock {f}", "make {f} writable", "I want to change {f}, unlock it."];
pub const LOCK_NO: &[&str] = &["change the mode of {f}", "{f} needs another mode."];

/// Replies to the agent's question.
pub const REPLY_PATH: &[&str] = &["{x}.", "I mean {x}.", "It is {x}.", "Take {x}."];
pub const REPLY_TO: &[&str] = &["To {x}.", "{x}.", "I want {x}."];
pub const REPLY_TEXT: &[&str] = &["\"{x}\".", "Write \"{x}\".", "The line is \"{x}\"."];
pub const REPLY_COUNT: &[&str] = &["{x}.", "{x} lines.", "I need {x}."];
pub const REPLY_WORD: &[&str] = &["{x}.", "The word {x}.", "For {x}."];
pub const REPLY_MODE: &[&str] = &["{x}.", "Set it to {x}.", "Mode {x}."];
