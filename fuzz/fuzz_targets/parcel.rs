//! Any bytes as header, acknowledgement, card, tag files and the ZIP of a sealed parcel: `cargo +nightly fuzz run parcel`. The
//! promises are those of the stable driver (`crates/rezept-parcel/tests/parcel/fuzz_driver.rs`), word for word the same code.
#![no_main]

#[path = "../../crates/rezept-parcel/tests/parcel/fuzz_body.rs"]
mod fuzz_body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_body::check(bytes));
