//! Which earlier turn explains a later failure.
