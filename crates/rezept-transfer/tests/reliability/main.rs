//! The reliability of the protocol: two stations on model volumes with real journals, cut, killed, starved and damaged at
//! every place that can be listed. One checker of invariants runs after every case.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests: what fails here is a failed test, and the numbers of cases are printed"
)]

mod bench;
mod cuts;
mod damage;
mod failures;
mod histories;
mod inside;
mod invariants;
mod kept;
mod kind;
mod parallel;
mod power;
mod registered;
mod replay;
mod restored;
mod sealed;
mod sizes;
mod witness;
