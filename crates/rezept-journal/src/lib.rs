//! All durable state of a station in one SQLite database: states and legal moves, history, requests, audit chain.
//!
//! Copies nothing and knows no format: it stores what others did and refuses moves that the design does not allow.

mod state;

pub use state::{FileState, ParcelState, VerifyLevel};
