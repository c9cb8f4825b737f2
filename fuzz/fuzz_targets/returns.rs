//! Any bytes through the reader of return files, the judgement of damage and the archives: `cargo +nightly fuzz run
//! returns`. The promises are those of the stable driver (`crates/rezept-returns/tests/reading/fuzz_driver.rs`), word for
//! word the same code.
#![no_main]

#[path = "../../crates/rezept-returns/tests/reading/fuzz_body.rs"]
mod fuzz_body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_body::check(bytes));
