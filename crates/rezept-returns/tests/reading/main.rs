//! The reading side: samples with values written by hand, damages made from them, generated files judged by a reader of
//! its own, seeded mutations. `cfg(test)` tells clippy that shared functions belong to tests too.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod fuzz_body;
#[cfg(test)]
mod fuzz_driver;
#[cfg(test)]
mod property;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod sources;
