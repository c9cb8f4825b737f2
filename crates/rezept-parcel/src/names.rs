//! The names of a parcel's things on a medium, as strings: where they stand is `rezept-transfer`'s affair.
//!
//! Every name is lower-case ASCII of at most 64 characters (the root folder `REZEPT` apart, which a person is
//! meant to find), made of random ids and station names only: a stick tells nothing about its claims.

use crate::digest::parse_hex;
use crate::envelope::MAX_SEGMENTS;
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

/// `<id>.hdr.minisig`: the signature of the header, there before the header is.
pub fn header_signature_name(id: ParcelId) -> String {
    format!("{id}.hdr.minisig")
}

/// `<id>.hdr.minisig.a<attempt>.part`: the header's signature while it is being written.
pub fn header_signature_part_name(id: ParcelId, attempt: u32) -> String {
    format!("{id}.hdr.minisig.a{attempt}.part")
}

/// `<id>.ack.minisig`: the signature of the acknowledgement, there before the acknowledgement is.
pub fn ack_signature_name(id: ParcelId) -> String {
    format!("{id}.ack.minisig")
}

/// `<id>.ack.minisig.a<attempt>.part`: the acknowledgement's signature while it is being written.
pub fn ack_signature_part_name(id: ParcelId, attempt: u32) -> String {
    format!("{id}.ack.minisig.a{attempt}.part")
}

/// `000.age`, `001.age`, ... `1000.age`: a segment, by its place in the header's list (0-based).
pub fn segment_name(index: usize) -> String {
    format!("{index:03}.age")
}

/// Reads the name of a segment: its place in the header's list. `None` for any other name and any other spelling.
pub fn parse_segment(name: &str) -> Option<usize> {
    let digits = name.strip_suffix(".age")?;
    let index = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    (segment_name(index) == name && index < MAX_SEGMENTS).then_some(index)
}

/// `<station>.<8 hex>.card`: a pairing card, with the beginning of its own digest, so that a station's old card and its
/// new one never meet under one name.
pub fn card_name(station: &StationName, tag: [u8; 4]) -> String {
    format!("{station}.{:08x}.card", u32::from_be_bytes(tag))
}

/// `<station>.<8 hex>.card.a<attempt>.part`: the card while it is being written.
pub fn card_part_name(station: &StationName, tag: [u8; 4], attempt: u32) -> String {
    format!("{}.a{attempt}.part", card_name(station, tag))
}

/// Reads the name of a card: whose it says it is, and the beginning of its digest.
pub fn parse_card(name: &str) -> Option<(StationName, [u8; 4])> {
    let (station, tag) = name.strip_suffix(".card")?.split_once('.')?;
    Some((station.parse().ok()?, parse_hex(tag)?))
}

/// What the name of an entry in a parcel folder says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The folder of a parcel's content: a bag, or the segments of a sealed one.
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
    /// The signature of a header.
    HeaderSignature(ParcelId),
    /// A header's signature being written, or left over.
    HeaderSignaturePart {
        /// Of whose header.
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
    /// The signature of an acknowledgement.
    AckSignature(ParcelId),
    /// An acknowledgement's signature being written, or left over.
    AckSignaturePart {
        /// Of the acknowledgement of which parcel.
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
        ".hdr.minisig" => Entry::HeaderSignature(id),
        ".ack.minisig" => Entry::AckSignature(id),
        _ => {
            let (rest, attempt) = rest.strip_suffix(".part")?.rsplit_once(".a")?;
            let attempt = parse_number(attempt)?;
            match rest {
                "" => Entry::Part { id, attempt },
                ".hdr" => Entry::HeaderPart { id, attempt },
                ".ack" => Entry::AckPart { id, attempt },
                ".hdr.minisig" => Entry::HeaderSignaturePart { id, attempt },
                ".ack.minisig" => Entry::AckSignaturePart { id, attempt },
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
                (header_signature_name(ID), Entry::HeaderSignature(ID)),
                (header_signature_part_name(ID, attempt), Entry::HeaderSignaturePart { id: ID, attempt }),
                (ack_signature_name(ID), Entry::AckSignature(ID)),
                (ack_signature_part_name(ID, attempt), Entry::AckSignaturePart { id: ID, attempt }),
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
    fn segments_and_cards_have_one_spelling() {
        for (index, name) in [(0, "000.age"), (12, "012.age"), (999, "999.age"), (1000, "1000.age")] {
            assert_eq!(segment_name(index), name);
            assert_eq!(parse_segment(name), Some(index));
        }
        for name in
            ["", ".age", "00.age", "0000.age", "0999.age", "1024.age", "+12.age", "000.AGE", "000.age "]
        {
            assert_eq!(parse_segment(name), None, "{name}");
        }
        let station: StationName = "a".repeat(32).parse().unwrap();
        let card = card_name(&station, [0, 0xab, 1, 2]);
        assert_eq!(card, format!("{station}.00ab0102.card"));
        assert!(card_part_name(&station, [0; 4], u32::MAX).len() <= NAME_MAX);
        assert_eq!(parse_card(&card), Some((station, [0, 0xab, 1, 2])));
        for name in
            ["", "a.card", "a.00ab010.card", "a.00AB0102.card", "A.00ab0102.card", "a.00ab0102.card.a1.part"]
        {
            assert_eq!(parse_card(name), None, "{name}");
        }
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
            format!("{id}.minisig"),
            format!("{id}.hdr.minisig.minisig"),
            format!("{id}.hdr.minisig.part"),
            format!("{id} "),
            format!("{}é", &id[..31]),
        ];
        for name in foreign {
            assert_eq!(parse_entry(&name), Entry::Foreign, "{name}");
        }
    }
}
