//! From the one taxonomy to the two label sets it unites: the paper's and the released code's (METHOD.md §2).

use crate::diagnose::TurnDiagnosis;
use crate::label::Label;

/// The label as the paper's taxonomy would have it.
pub fn paper_label(label: Label) -> Label {
    todo!()
}

/// The label as the released code's weights would have it.
pub fn released_label(label: Label) -> Label {
    todo!()
}

/// Like [`released_label`], but from the verifier's finding.
pub fn released_turn_label(turn: &TurnDiagnosis) -> Label {
    todo!()
}
