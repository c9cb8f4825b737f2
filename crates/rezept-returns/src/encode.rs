//! Text typed by a person -> the bytes of one item: strict CP932, JIS X 0208 only (docs/formats.md 2). It is used for
//! values that are new; bytes that came from a file never pass through here.

use encoding_rs::SHIFT_JIS;
use rezept_claim::layout::Mode;
use rezept_claim::text::{Class, class};

/// Why a text cannot stand in an item. No value is told, only the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A comma or a control character, which would break the record.
    #[error("character {at} would break the record")]
    Separator {
        /// 1-based, in characters.
        at: usize,
    },
    /// A character that Shift_JIS does not have.
    #[error("character {at} has no Shift_JIS code")]
    NotInShiftJis {
        /// 1-based, in characters.
        at: usize,
    },
    /// A character outside JIS X 0208 (①, 髙, half-width kana): the review bodies take it for a gaiji.
    #[error("character {at} lies outside JIS X 0208")]
    OutsideJisX0208 {
        /// 1-based, in characters.
        at: usize,
    },
    /// A character of the wrong kind for the item (モード), or both widths in an item that takes only one of them.
    #[error("character {at} does not fit the mode of the item")]
    Mode {
        /// 1-based, in characters.
        at: usize,
    },
}

/// Encodes a text for an item of this mode. Characters that keyboards give in two codes (〜, ‖, —) are taken as the one
/// that Shift_JIS has.
///
/// # Errors
/// With the first character that cannot stand there.
pub fn encode(text: &str, mode: Mode) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(text.len());
    let mut width = None;
    for (index, character) in text.chars().enumerate() {
        let at = index + 1;
        if character == ',' || character.is_control() {
            return Err(EncodeError::Separator { at });
        }
        let code = code(character).ok_or(EncodeError::NotInShiftJis { at })?;
        match class(&code).map(|(class, _)| class) {
            Some(Class::Ascii | Class::Jis0208 | Class::Geta) => {}
            _ => return Err(EncodeError::OutsideJisX0208 { at }),
        }
        let full = code.len() == 2;
        let fits = match mode {
            Mode::Digits => character.is_ascii_digit() || character == '.' || (character == '-' && at == 1),
            Mode::HalfWidth => !full,
            Mode::FullWidth => full,
            Mode::HalfOrFull => *width.get_or_insert(full) == full,
            Mode::Unknown => true,
        };
        if !fits {
            return Err(EncodeError::Mode { at });
        }
        out.extend_from_slice(&code);
    }
    Ok(out)
}

fn code(character: char) -> Option<Vec<u8>> {
    let character = match character {
        '\u{301C}' => '\u{FF5E}',
        '\u{2016}' => '\u{2225}',
        '\u{2014}' => '\u{2015}',
        // Encoded as 0x5C and 0x7E, which are other characters.
        '\u{A5}' | '\u{203E}' => return None,
        other => other,
    };
    let mut buffer = [0; 4];
    let (code, _, failed) = SHIFT_JIS.encode(character.encode_utf8(&mut buffer));
    (!failed).then(|| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_jis_x_0208_comes_out_as_its_code() {
        let mut count = 0;
        for lead in (0x81..=0x9F).chain(0xE0..=0xEA) {
            for trail in 0x40..=0xFCu8 {
                let code = [lead, trail];
                if !matches!(class(&code), Some((Class::Jis0208 | Class::Geta, 2))) {
                    continue;
                }
                let text = rezept_claim::text::decode(&code).into_owned();
                let back = encode(&text, Mode::FullWidth);
                // Some have a second code among the NEC characters (row 13): either is read the same.
                let same = back.as_ref().is_ok_and(|b| rezept_claim::text::decode(b) == text);
                count += usize::from(back.as_deref() == Ok(&code[..]));
                assert!(
                    same || matches!(back, Err(EncodeError::OutsideJisX0208 { .. })),
                    "{code:02X?} {back:?}"
                );
            }
        }
        assert!(count >= 6870, "{count}");
    }

    #[test]
    fn what_cannot_stand_there() {
        let fails = |text: &str, mode| encode(text, mode).unwrap_err();
        assert_eq!(fails("ab,c", Mode::HalfWidth), EncodeError::Separator { at: 3 });
        assert_eq!(fails("見\n", Mode::FullWidth), EncodeError::Separator { at: 2 });
        assert_eq!(fails("見𠮷", Mode::FullWidth), EncodeError::NotInShiftJis { at: 2 });
        assert_eq!(fails("髙", Mode::FullWidth), EncodeError::OutsideJisX0208 { at: 1 });
        assert_eq!(fails("①", Mode::FullWidth), EncodeError::OutsideJisX0208 { at: 1 });
        assert_eq!(fails("ｱ", Mode::HalfOrFull), EncodeError::OutsideJisX0208 { at: 1 });
        assert_eq!(fails("見A", Mode::HalfOrFull), EncodeError::Mode { at: 2 });
        assert_eq!(fails("A", Mode::FullWidth), EncodeError::Mode { at: 1 });
        assert_eq!(fails("１", Mode::Digits), EncodeError::Mode { at: 1 });
        assert_eq!(fails("¥", Mode::HalfWidth), EncodeError::NotInShiftJis { at: 1 });
    }

    #[test]
    fn second_codes_of_keyboards_are_taken() {
        assert_eq!(encode("〜", Mode::FullWidth).as_deref(), Ok(&[0x81, 0x60][..]));
        assert_eq!(encode("−", Mode::FullWidth).as_deref(), Ok(&[0x81, 0x7C][..]));
        assert_eq!(encode("1.50", Mode::Digits).as_deref(), Ok(&b"1.50"[..]));
    }
}
