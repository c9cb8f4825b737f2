//! Looking at CP932 text: classes of characters, and decoding for display. Nothing here encodes: decode-then-encode is
//! not the identity (docs/formats.md, physical format), so bytes that go out are the bytes that came in.

use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/cp932.rs"));

/// What a character is to the review bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One byte of ASCII, control characters included.
    Ascii,
    /// A half-width kana, 0xA1 to 0xDF.
    HalfKana,
    /// A character of JIS X 0208.
    Jis0208,
    /// A two-byte character outside JIS X 0208: NEC or IBM extension, or user-defined (gaiji).
    Extension,
    /// 〓, which receipt computers put in the place of a character they cannot write.
    Geta,
    /// Not a character.
    Invalid,
}

/// Classifies the first character of `bytes` and says how many bytes it has. An invalid lead byte counts as one byte,
/// so that the walk goes on at the next one; `None` at the end.
pub fn class(bytes: &[u8]) -> Option<(Class, usize)> {
    let lead = *bytes.first()?;
    let row = match lead {
        0x00..=0x7F => return Some((Class::Ascii, 1)),
        0xA1..=0xDF => return Some((Class::HalfKana, 1)),
        0x81..=0x9F => lead - 0x81,
        0xE0..=0xFC => lead - 0xC1,
        _ => return Some((Class::Invalid, 1)),
    };
    let column = match bytes.get(1) {
        Some(&trail @ 0x40..=0xFC) => trail - 0x40,
        _ => return Some((Class::Invalid, 1)),
    };
    match CLASSES.get(usize::from(row) * 189 + usize::from(column)) {
        Some(1) => Some((Class::Jis0208, 2)),
        Some(2) => Some((Class::Extension, 2)),
        Some(3) => Some((Class::Geta, 2)),
        // The trail byte of an unassigned pair is never 0x2C, CR or LF, so skipping it stays inside the item.
        _ => Some((Class::Invalid, 2)),
    }
}

/// Whether every character is one of CP932.
pub fn is_cp932(mut bytes: &[u8]) -> bool {
    while let Some((class, size)) = class(bytes) {
        if class == Class::Invalid {
            return false;
        }
        bytes = bytes.get(size..).unwrap_or_default();
    }
    true
}

/// Decodes for display; what is not CP932 becomes U+FFFD.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0
}

/// Text as it stands in a file. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawText(pub Vec<u8>);

impl RawText {
    /// Decodes for display.
    pub fn decode(&self) -> Cow<'_, str> {
        decode(&self.0)
    }
}

impl std::fmt::Debug for RawText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table against the decoder it was made from, through the public function.
    #[test]
    fn every_pair_agrees_with_encoding_rs() {
        let mut counts = [0usize; 4];
        for lead in 0x80..=0xFFu8 {
            for trail in 0..=0xFFu8 {
                let pair = [lead, trail];
                let (class, size) = class(&pair).unwrap();
                let decoded = encoding_rs::SHIFT_JIS
                    .decode_without_bom_handling_and_without_replacement(&pair)
                    .filter(|s| s.chars().count() == 1);
                match class {
                    Class::Jis0208 | Class::Extension | Class::Geta => {
                        assert!(decoded.is_some() && size == 2, "{pair:02X?}");
                    }
                    Class::Invalid => assert!(decoded.is_none(), "{pair:02X?}"),
                    Class::HalfKana => assert!((0xA1..=0xDF).contains(&lead) && size == 1),
                    Class::Ascii => panic!("{pair:02X?}"),
                }
                counts[match class {
                    Class::Jis0208 => 0,
                    Class::Extension => 1,
                    Class::Geta => 2,
                    _ => 3,
                }] += 1;
            }
        }
        // JIS X 0208 has 6,879 characters, 〓 among them.
        assert_eq!((counts[0], counts[2]), (6878, 1));
    }

    #[test]
    fn names_of_classes() {
        let first = |bytes: &[u8]| class(bytes).unwrap().0;
        assert_eq!(first(&[0x87, 0x40]), Class::Extension, "NEC (1)");
        assert_eq!(first(&[0xFB, 0xFC]), Class::Extension, "IBM");
        assert_eq!(first(&[0xF0, 0x40]), Class::Extension, "gaiji");
        assert_eq!(first(&[0x81, 0xAC]), Class::Geta);
        assert_eq!(first(&[0x83, b',']), Class::Invalid, "a comma is never eaten");
        assert_eq!(class(&[0x83]), Some((Class::Invalid, 1)));
        assert_eq!(class(&[]), None);
    }

    #[test]
    fn debug_hides_the_text() {
        assert_eq!(format!("{:?}", RawText(b"secret".to_vec())), "RawText(6 bytes)");
    }
}
