//! Tests of the journal, one program so that they share their helpers. What each file proves stands at its top.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod full;
#[cfg(test)]
mod media;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod parcels;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod people;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod random;
#[cfg(test)]
mod register;
#[cfg(test)]
mod released;
#[cfg(test)]
mod resubmissions;
#[cfg(test)]
mod returns;
#[cfg(test)]
mod returns_random;
#[cfg(test)]
mod witness;
#[cfg(test)]
mod worklist;
