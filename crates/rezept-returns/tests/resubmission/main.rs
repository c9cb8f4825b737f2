//! The resubmission side: fixtures byte for byte, corrections, matching, checks, comparisons, and properties judged by a
//! reader of its own. `cfg(test)` tells clippy that shared functions belong to tests too.

#[cfg(test)]
mod build;
#[cfg(test)]
mod check;
#[cfg(test)]
mod common;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod property;
#[cfg(test)]
mod walk;
