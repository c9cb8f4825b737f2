//! A running station: watch, settle, gate, queue, run, stop. Knows no flags and no texts; what it reports are codes.

pub mod config;
mod decide;
pub mod examine;
mod folders;
mod gate;
mod intake;
pub mod keys;
mod leave;
mod listing;
pub mod media;
pub mod pairing;
pub mod people;
pub mod print_key;
pub mod problem;
mod register;
pub mod returns;
mod scan;
pub mod scanner;
mod send;
pub mod settle;
mod station;
mod turn;
mod watch;

pub use config::{Config, ConfigError, KeyStore, MediumKind, Role};
pub use decide::{Decision, Held, held};
pub use folders::try_to_write;
pub use leave::lacks_approver;
pub use listing::DEPTH_LIMIT;
pub use pairing::{PairAsk, Pairing};
pub use problem::Problem;
pub use rezept_transfer::Stop;
pub use send::Outcome;
pub use station::{
    OpenVolumes, OsVolumes, Pace, RealPace, Station, World, archive_folder, disk_of, may_stand_readable,
    open_journal,
};
pub use turn::EXPIRES_AFTER_DAYS;
pub use watch::{Ask, Asked, Wake};
