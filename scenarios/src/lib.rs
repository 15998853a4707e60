//! Scenario files: the YAML schema, overrides, arms and the stage graph.
