//! The resubmission side: fixtures byte for byte, corrections, matching, checks, comparisons, and properties judged by a
//! reader of its own. `cfg(test)` tells clippy that shared functions belong to tests too.

#[cfg(test)]
mod build;
#[cfg(test)]
mod common;
#[cfg(test)]
mod edit;
