//! The tests of the parcel's bytes, in one binary: exact formats, damage of every kind, path attacks, and the
//! judgement of other makers' bags.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "helpers of tests are tests; fixtures are written in place, in throw-away folders"
)]

mod bags;
mod common;
mod conformance;
mod fuzz_body;
mod fuzz_driver;
mod paths;
mod records;
mod sealed;
mod sealing;
mod stock;
mod tricks;
mod verify;
