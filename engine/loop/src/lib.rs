//! The co-evolution round, with rollout slots on bevy_ecs and crossbeam workers.
