//! Short phrases made of a tool's schema: signature, argument constraints.

use crate::task::ToolSpec;
