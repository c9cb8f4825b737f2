//! The check digits of insurer, payer, recipient and facility numbers: modulus 10 with weights 2 and 1 from the right
//! (docs/formats.md, check digits). A wrong one is a finding, never a reason not to read.

/// The check digit of a run of digits, `None` when something else is among them.
pub fn mod10(digits: &[u8]) -> Option<u8> {
    let mut sum = 0u32;
    for (i, &byte) in digits.iter().rev().enumerate() {
        let digit = u32::from(byte.checked_sub(b'0').filter(|d| *d <= 9)?);
        let term = if i % 2 == 0 { digit * 2 } else { digit };
        sum += term / 10 + term % 10;
    }
    u8::try_from((10 - sum % 10) % 10).ok()
}

/// Whether the last digit is the check digit of those before it. For 保険者番号 (without its leading spaces),
/// 公費負担者番号 and 受給者番号.
pub fn is_valid(number: &[u8]) -> bool {
    match number.split_last() {
        Some((&last, rest)) if !rest.is_empty() => mod10(rest).is_some_and(|d| d + b'0' == last),
        _ => false,
    }
}

/// Whether the last digit of a 医療機関コード is right; prefecture (2 digits) and point table (1 digit) count too.
pub fn is_valid_facility(prefecture: &[u8], point_table: &[u8], code: &[u8]) -> bool {
    if prefecture.len() != 2 || point_table.len() != 1 || code.len() != 7 {
        return false;
    }
    is_valid(&[prefecture, point_table, code].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples_of_the_formats() {
        for number in ["01130012", "06132013", "19136019", "33120015", "54016027", "138016", "9900010"] {
            assert!(is_valid(number.as_bytes()), "{number}");
        }
        assert!(!is_valid(b"83136019"));
        assert!(is_valid_facility(b"01", b"1", b"0113719"));
        assert!(is_valid_facility(b"13", b"1", b"9999015"));
        assert!(!is_valid_facility(b"13", b"1", b"9999016"));
    }

    #[test]
    fn what_is_no_number_is_not_valid() {
        for number in ["", "0", "  138016", "1380 6", "13801x"] {
            assert!(!is_valid(number.as_bytes()), "{number:?}");
        }
    }
}
