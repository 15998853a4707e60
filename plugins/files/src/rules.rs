//! Every way in which a command can refuse.

use coevo_sdk::Rule;

pub const NOT_FOUND: Rule = Rule::value("not_found", "no such file or folder", "a path that exists");
pub const NOT_A_FILE: Rule = Rule::value("not_a_file", "that is a folder", "a file");
pub const NOT_A_FOLDER: Rule = Rule::value("not_a_folder", "that is a file", "a folder");
pub const BAD_PATH: Rule = Rule::value("bad_path", "not a path", "names of letters, digits, . _ - with / between");
pub const NO_PARENT: Rule = Rule::state("no_parent", "the folder above does not exist", "The folder above exists.");
pub const EXISTS: Rule = Rule::state("exists", "the target exists already", "The target does not exist yet.");
pub const NOT_EMPTY: Rule = Rule::state("not_empty", "the folder is not empty", "A folder to delete is empty.");
pub const IN_USE: Rule = Rule::state("in_use", "the current folder is in it", "The current folder is not in it.");
pub const ALREADY_THERE: Rule =
    Rule::state("already_there", "that is the current folder", "The folder is another one.");
pub const LOCKED: Rule = Rule::state("locked", "the file is locked", "The file is not locked; chmod rw unlocks.");
pub const UNCHANGED: Rule = Rule::state("unchanged", "the file has this mode already", "The mode is a new one.");
pub const DISK_FULL: Rule = Rule::state("disk_full", "the quota is used up", "The quota has room.");
pub const INSIDE_ITSELF: Rule =
    Rule::state("inside_itself", "the target is inside the source", "The target is not inside the source.");
pub const NO_MATCH: Rule = Rule::value("no_match", "nothing found", "a word that occurs");
pub const BAD_MODE: Rule = Rule::value("bad_mode", "no such mode", "ro or rw");
