//! The default mode: sign-aware, mean-preserving inside the group, per turn (METHOD.md §4).
