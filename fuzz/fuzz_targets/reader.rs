//! Any bytes through reader, scan and grouping: `cargo +nightly fuzz run reader`. The promises are those of the stable
//! driver (`crates/rezept-claim/tests/claim/fuzz_driver.rs`), word for word the same code.
#![no_main]

#[path = "../../crates/rezept-claim/tests/claim/fuzz_body.rs"]
mod fuzz_body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_body::check(bytes));
