//! The built binary as people and scripts meet it: what it prints, where, and what it ends with.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

mod bench;
mod demo;
mod help;
mod show;
mod usage;
mod verify;
