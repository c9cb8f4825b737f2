//! The short code that two people compare when stations are paired: twelve digits that follow from both stations' names
//! and keys. It holds no secret; that it is slow to compute is what it is worth.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};

use crate::id::StationName;
use crate::keys::PublicKeys;

/// Memory of one computation in KiB. The program may not use more than 64 MiB in all.
const MEMORY_KIB: u32 = 40 * 1024;

/// Rounds: about one second on a small computer.
const ROUNDS: u32 = 40;

/// What this code is computed for, so that it is never the hash of anything else.
const DOMAIN: &str = "rezept short code 1";

/// One more than the largest code: twelve digits.
const CODES: u64 = 1_000_000_000_000;

/// Twelve digits, shown as `1234-5678-9012`.
///
/// Somebody who can swap both cards on a stick needs two pairs of keys, one for each side, that give both stations the
/// same code, and may try keys at home until a pair fits. With eight digits and a fast hash that takes a moment. Hence
/// twelve digits and a slow hash (argon2id, a second and 40 MiB each): about two million tries, weeks of computing, when
/// both real cards are known before either is accepted, and a million million tries when one was accepted already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortCode(u64);

/// Why there is no short code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShortCodeError {
    /// What was typed is not twelve digits.
    #[error("a short code is twelve digits")]
    NotACode,
    /// The computation needs 40 MiB of memory, which the system did not give. There is no lesser code.
    #[error("not enough memory for the short code")]
    OutOfMemory,
}

impl ShortCode {
    /// The code of two stations: the same on both, whichever is named first. Takes about a second and 40 MiB.
    ///
    /// # Errors
    /// [`ShortCodeError::OutOfMemory`].
    pub fn of(
        one: (&StationName, &PublicKeys),
        other: (&StationName, &PublicKeys),
    ) -> Result<Self, ShortCodeError> {
        let text = |(station, keys): (&StationName, &PublicKeys)| {
            format!("{station}\n{}\n{}\n", keys.signing, keys.opening)
        };
        let mut both = [text(one), text(other)];
        both.sort();
        let mut output = [0; 8];
        Params::new(MEMORY_KIB, ROUNDS, 1, Some(output.len()))
            .and_then(|params| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                argon2.hash_password_into(both.concat().as_bytes(), DOMAIN.as_bytes(), &mut output)
            })
            .map_err(|_| ShortCodeError::OutOfMemory)?;
        Ok(Self(u64::from_be_bytes(output) % CODES))
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (self.0 / 10_000, self.0 % 10_000);
        write!(f, "{:04}-{:04}-{low:04}", high / 10_000, high % 10_000)
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShortCode({self})")
    }
}

/// Reads what a person typed: digits, also the full-width ones of a Japanese keyboard, with spaces and hyphens of any
/// kind between them.
impl FromStr for ShortCode {
    type Err = ShortCodeError;

    fn from_str(text: &str) -> Result<Self, ShortCodeError> {
        let (mut value, mut digits) = (0_u64, 0);
        for character in text.chars() {
            if is_separator(character) {
                continue;
            }
            let digit = digit(character).filter(|_| digits < 12).ok_or(ShortCodeError::NotACode)?;
            value = value * 10 + u64::from(digit);
            digits += 1;
        }
        if digits == 12 { Ok(Self(value)) } else { Err(ShortCodeError::NotACode) }
    }
}

/// The hyphen of the keyboard, and what an input method makes of it.
const fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{3000}' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' | '\u{30FC}'
    )
}

fn digit(character: char) -> Option<u32> {
    let narrow = match character {
        '\u{FF10}'..='\u{FF19}' => char::from_u32(u32::from(character) - 0xFF10 + 0x30)?,
        _ => character,
    };
    narrow.to_digit(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{OpeningKey, SigningKey};

    fn keys() -> PublicKeys {
        let signing = SigningKey::generate().unwrap().public().unwrap();
        PublicKeys { signing, opening: OpeningKey::generate().recipient() }
    }

    #[test]
    fn both_stations_see_one_code_and_any_other_name_or_key_another() {
        let clinic: StationName = "recekon-1".parse().unwrap();
        let terminal: StationName = "terminal-1".parse().unwrap();
        let (ours, theirs) = (keys(), keys());
        let code = ShortCode::of((&clinic, &ours), (&terminal, &theirs)).unwrap();
        assert_eq!(ShortCode::of((&terminal, &theirs), (&clinic, &ours)).unwrap(), code);
        let other = keys();
        let changed = [
            (&terminal, PublicKeys { signing: other.signing, ..theirs.clone() }),
            (&terminal, PublicKeys { opening: other.opening, ..theirs.clone() }),
            (&clinic, theirs.clone()),
        ];
        for (name, keys) in changed {
            assert_ne!(ShortCode::of((&clinic, &ours), (name, &keys)).unwrap(), code);
        }
        // Names and keys stay with each other.
        assert_ne!(ShortCode::of((&terminal, &ours), (&clinic, &theirs)).unwrap(), code);
    }

    /// The code is a promise between versions: two builds in two rooms must show the same one.
    #[test]
    fn these_keys_have_this_code_for_ever() {
        let (clinic, terminal) = ("recekon-1".parse().unwrap(), "terminal-1".parse().unwrap());
        let signing = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().unwrap();
        let opening = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa".parse().unwrap();
        let keys = PublicKeys { signing, opening };
        let code = ShortCode::of((&clinic, &keys), (&terminal, &keys)).unwrap();
        // As another implementation of argon2id computes it.
        assert_eq!(code.to_string(), "5931-3427-8876");
    }

    #[test]
    fn what_a_person_types_is_read_and_nothing_else() {
        let code = ShortCode(12_345_678);
        assert_eq!(code.to_string(), "0000-1234-5678");
        assert_eq!(ShortCode(999_999_999_999).to_string(), "9999-9999-9999");
        for good in [
            "0000-1234-5678",
            "000012345678",
            "0000 1234 5678",
            "００００ー１２３４－５６７８",
            "  000012345678 ",
        ] {
            assert_eq!(good.parse(), Ok(code), "{good}");
        }
        for bad in
            ["", "-", "0000-1234-567", "0000-1234-56789", "0000-1234-567x", "+00012345678", "٠٠٠٠١٢٣٤٥٦٧٨"]
        {
            assert_eq!(bad.parse::<ShortCode>(), Err(ShortCodeError::NotACode), "{bad}");
        }
    }
}
