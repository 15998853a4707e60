//! The tables of `run.sqlite`.
//!
//! Columns hold what queries filter and order by; everything else is a payload. `timings` is the only table that a clock
//! reaches, and no export reads it.

/// Version of the run folder's format; in SQLite's `user_version`.
///
/// 2 added tools, branches and dictionaries; 3 put the seed of the task into the name of the episode. Runs of older formats
/// are read as they are, and upgraded when they are opened to write.
pub const FORMAT: i64 = 3;
/// The oldest format that is read.
pub const OLDEST_FORMAT: i64 = 1;
/// "Cevo", in SQLite's `application_id`: tells our files from other SQLite files.
pub const APPLICATION_ID: i64 = 0x4365_766f;

pub(crate) const SCHEMA: &str = "
CREATE TABLE header (
    program TEXT NOT NULL,          -- version that created the run
    payload BLOB NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE commits (
    id INTEGER PRIMARY KEY,
    arm TEXT NOT NULL,
    phase INTEGER NOT NULL,
    round INTEGER NOT NULL,
    payload BLOB NOT NULL,          -- profile, lineage, evaluations
    hash TEXT NOT NULL,
    state BLOB NOT NULL,            -- what the loop needs to go on
    state_hash TEXT NOT NULL,
    content TEXT NOT NULL,          -- BLAKE3 over everything committed
    UNIQUE (arm, phase, round)
);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL REFERENCES commits,
    name TEXT NOT NULL UNIQUE,
    arm TEXT NOT NULL,
    stage INTEGER NOT NULL,
    round INTEGER NOT NULL,
    env TEXT NOT NULL,
    split TEXT NOT NULL,
    task_index INTEGER NOT NULL,
    task_seed INTEGER NOT NULL,     -- the bits of a u64
    replica INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    category TEXT NOT NULL,
    scenario TEXT NOT NULL,
    interface TEXT NOT NULL,
    reward REAL,                    -- NULL where unscored
    ending TEXT NOT NULL,           -- terminated, truncated or faulted
    boundary TEXT,                  -- of the fault that ended it or left it unscored
    first_failing INTEGER,
    turns INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    sampled_tokens INTEGER NOT NULL,
    advantage REAL,
    body BLOB NOT NULL,
    body_hash TEXT NOT NULL,
    trace BLOB NOT NULL,
    trace_hash TEXT NOT NULL
);
CREATE INDEX episodes_by_place ON episodes (arm, stage, round, task_index, replica);
CREATE TABLE labels (
    episode INTEGER NOT NULL REFERENCES episodes,
    turn INTEGER NOT NULL,
    label TEXT NOT NULL,
    cascaded INTEGER NOT NULL,
    PRIMARY KEY (episode, turn)
) WITHOUT ROWID;
CREATE TABLE tasks (
    env TEXT NOT NULL,
    split TEXT NOT NULL,
    task_index INTEGER NOT NULL,
    task_seed INTEGER NOT NULL,
    payload BLOB NOT NULL,          -- the public part only
    hash TEXT NOT NULL,
    PRIMARY KEY (env, split, task_index, task_seed)
) WITHOUT ROWID;
CREATE TABLE interfaces (
    id TEXT PRIMARY KEY,
    payload BLOB NOT NULL,
    hash TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE metrics (
    commit_id INTEGER NOT NULL REFERENCES commits,
    name TEXT NOT NULL,
    value REAL,                     -- NULL is NaN
    PRIMARY KEY (commit_id, name)
) WITHOUT ROWID;
CREATE TABLE checkpoints (
    commit_id INTEGER NOT NULL REFERENCES commits,
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (commit_id, file)
) WITHOUT ROWID;
CREATE TABLE timings (
    commit_id INTEGER NOT NULL REFERENCES commits,
    name TEXT NOT NULL,
    elapsed_ms REAL,
    PRIMARY KEY (commit_id, name)
) WITHOUT ROWID;
";

/// What format 2 added.
pub(crate) const ADDED_BY_2: &str = "
CREATE TABLE tools (
    episode INTEGER NOT NULL REFERENCES episodes,
    tool TEXT NOT NULL,             -- empty for a malformed call
    error TEXT NOT NULL,            -- empty for a success, else the tool's code, unknown_tool, not_offered, schema, malformed
    calls INTEGER NOT NULL,
    PRIMARY KEY (episode, tool, error)
) WITHOUT ROWID;
CREATE TABLE branches (
    id INTEGER PRIMARY KEY,
    episode INTEGER NOT NULL REFERENCES episodes,
    number INTEGER NOT NULL,        -- within the episode, from 1
    parent INTEGER REFERENCES branches,
    turn INTEGER NOT NULL,          -- where it leaves its parent, from 0
    step INTEGER NOT NULL,
    how TEXT NOT NULL,              -- who went on
    reward REAL,
    first_failing INTEGER,
    turns INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    body BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    UNIQUE (episode, number)
);
CREATE TABLE dictionaries (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- body or trace
    copy INTEGER NOT NULL,          -- there are two: everything of that kind depends on it
    payload BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (kind, copy)
);
";
