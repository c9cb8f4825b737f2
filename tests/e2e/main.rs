//! The built binary as people and scripts meet it: what it prints, where, and what it ends with.
