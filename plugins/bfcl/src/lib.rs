//! BFCL multi-turn (v3, and unchanged in v4): eight tool classes whose results and states equal the official ones.
//!
//! `py` is as much of Python as can be observed through them (values, equality, `str`, `json.dumps`, call syntax, the
//! Mersenne Twister), `classes` the eight classes, `world` the instances of one task.

pub mod classes;
pub mod py;
pub mod world;
