//! The run file: records, checkpoints, queries and exports.
