//! The tests of the crate's public face, in one binary. `cfg(test)` tells clippy that shared functions belong to tests too.

#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod fuzz_body;
#[cfg(test)]
mod fuzz_driver;
#[cfg(test)]
mod grouping;
#[cfg(test)]
mod lossless;
#[cfg(test)]
mod tables;
