//! The reading side: samples with values written by hand, damages made from them, generated files judged by a reader of
//! its own, seeded mutations. `cfg(test)` tells clippy that shared functions belong to tests too.

#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod samples;
