//! The built binary as people and scripts meet it: what it prints, where, and what it ends with.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

mod approval;
mod audit;
mod bench;
#[cfg(target_os = "linux")]
mod clamd;
mod config;
mod crash;
mod demo;
mod desk;
mod gate;
mod help;
#[cfg(target_os = "linux")]
mod image;
mod journal;
mod journeys;
mod kill;
#[cfg(target_os = "linux")]
mod media;
#[cfg(target_os = "linux")]
mod memory;
mod pairing;
mod people;
mod privacy;
mod readme;
mod recovery;
mod registered;
mod returns;
mod returns_kill;
#[cfg(target_os = "linux")]
mod scanner;
mod sealed;
mod show;
mod stations;
mod two;
mod usage;
mod verify;
#[cfg(target_os = "linux")]
mod watching;
