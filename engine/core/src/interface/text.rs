//! Cue text from a rule template and a tool schema.
