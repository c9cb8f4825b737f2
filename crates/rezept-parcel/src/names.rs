//! The names of a parcel's things on a medium, as strings: where they stand is `rezept-transfer`'s affair.
//!
//! Every name is lower-case ASCII of at most 64 characters (the root folder `REZEPT` apart, which a person is
//! meant to find), made of random ids and station names only: a stick tells nothing about its claims.

use crate::id::{ParcelId, StationName};
use crate::words::parse_number;

/// The folder at the top of a medium under which everything of ours stands.
pub const ROOT: &str = "REZEPT";

/// The longest name that these functions make.
pub const NAME_MAX: usize = 64;

/// `REZEPT/<to>/<from>`: where parcels from `from` to `to` stand.
pub fn parcel_dir(to: &StationName, from: &StationName) -> String {
    format!("{ROOT}/{to}/{from}")
}

/// `REZEPT/<sender>/<receiver>`: where the receiver acknowledges the parcels of the sender. The same rule as
/// [`parcel_dir`]: an acknowledgement is something on its way from the receiver to the sender.
pub fn ack_dir(sender: &StationName, receiver: &StationName) -> String {
    parcel_dir(sender, receiver)
}

/// `<id>`: the bag's folder.
pub fn bag_name(id: ParcelId) -> String {
    id.to_string()
}

/// `<id>.a<attempt>.part`: the bag's folder while it is being written.
pub fn part_name(id: ParcelId, attempt: u32) -> String {
    format!("{id}.a{attempt}.part")
}

/// `<id>.hdr`: the header, whose presence commits the parcel.
pub fn header_name(id: ParcelId) -> String {
    format!("{id}.hdr")
}

/// `<id>.hdr.a<attempt>.part`: the header while it is being written.
pub fn header_part_name(id: ParcelId, attempt: u32) -> String {
    format!("{id}.hdr.a{attempt}.part")
}

/// `<id>.ack`: the acknowledgement.
pub fn ack_name(id: ParcelId) -> String {
    format!("{id}.ack")
}

/// `<id>.ack.a<attempt>.part`: the acknowledgement while it is being written.
pub fn ack_part_name(id: ParcelId, attempt: u32) -> String {
    format!("{id}.ack.a{attempt}.part")
}

/// What the name of an entry in a parcel folder says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The folder of a bag.
    Bag(ParcelId),
    /// The folder of a bag being written, or left over from an attempt that ended early.
    Part {
        /// Whose bag.
        id: ParcelId,
        /// Which attempt.
        attempt: u32,
    },
    /// A header.
    Header(ParcelId),
    /// A header being written, or left over.
    HeaderPart {
        /// Whose header.
        id: ParcelId,
        /// Which attempt.
        attempt: u32,
    },
    /// An acknowledgement.
    Ack(ParcelId),
    /// An acknowledgement being written, or left over.
    AckPart {
        /// Of which parcel.
        id: ParcelId,
        /// Which attempt.
        attempt: u32,
    },
    /// Not a name of ours: never touched.
    Foreign,
}

/// Reads an entry's name. Only the exact spelling counts: `<ID>.HDR` in capitals is foreign.
pub fn parse_entry(name: &str) -> Entry {
    parse_own(name).unwrap_or(Entry::Foreign)
}

fn parse_own(name: &str) -> Option<Entry> {
    let (id, rest) = name.split_at_checked(32)?;
    let id: ParcelId = id.parse().ok()?;
    Some(match rest {
        "" => Entry::Bag(id),
        ".hdr" => Entry::Header(id),
        ".ack" => Entry::Ack(id),
        _ => {
            let (rest, attempt) = rest.strip_suffix(".part")?.rsplit_once(".a")?;
            let attempt = parse_number(attempt)?;
            match rest {
                "" => Entry::Part { id, attempt },
                ".hdr" => Entry::HeaderPart { id, attempt },
                ".ack" => Entry::AckPart { id, attempt },
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ParcelId = ParcelId::from_random([0x5a; 16]);

    #[test]
    fn every_name_reads_back_is_short_and_is_lower_case_ascii() {
        for attempt in [0, 1, 10, u32::MAX] {
            let names = [
                (bag_name(ID), Entry::Bag(ID)),
                (part_name(ID, attempt), Entry::Part { id: ID, attempt }),
                (header_name(ID), Entry::Header(ID)),
                (header_part_name(ID, attempt), Entry::HeaderPart { id: ID, attempt }),
                (ack_name(ID), Entry::Ack(ID)),
                (ack_part_name(ID, attempt), Entry::AckPart { id: ID, attempt }),
            ];
            for (name, entry) in names {
                assert_eq!(parse_entry(&name), entry, "{name}");
                assert!(name.len() <= NAME_MAX, "{name}");
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.'),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn folders_are_named_for_who_reads_them() {
        let clinic: StationName = "recekon-1".parse().unwrap();
        let terminal: StationName = "a".repeat(32).parse().unwrap();
        let dir = parcel_dir(&terminal, &clinic);
        assert_eq!(dir, format!("REZEPT/{}/recekon-1", "a".repeat(32)));
        assert_eq!(ack_dir(&clinic, &terminal), format!("REZEPT/recekon-1/{}", "a".repeat(32)));
        assert!(dir.split('/').all(|part| part.len() <= NAME_MAX));
    }

    #[test]
    fn anything_else_is_foreign() {
        let id = "5a".repeat(16);
        let foreign = [
            String::new(),
            "readme.txt".to_owned(),
            "5A".repeat(16),
            format!("{}.HDR", id),
            format!("{id}.hdr2"),
            format!("{id}.part"),
            format!("{id}.a.part"),
            format!("{id}.a01.part"),
            format!("{id}.a4294967296.part"),
            format!("{id}.xyz.a1.part"),
            format!("{id} "),
            format!("{}é", &id[..31]),
        ];
        for name in foreign {
            assert_eq!(parse_entry(&name), Entry::Foreign, "{name}");
        }
    }
}
