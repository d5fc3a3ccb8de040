//! Libraries from crates.io as implementations of the protocol in bench/README.md: one binary per library, one set of rows.

pub mod harness;
pub mod inputs;
pub mod rows;
