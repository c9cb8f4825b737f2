//! The `rezept` binary.
fn main() {}
