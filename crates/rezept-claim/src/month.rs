//! Calendar months and dates in both styles of the formats: Gregorian (YYYYMM, YYYYMMDD) and era (GYYMM, GYYMMDD). The
//! length of a value decides its style (docs/formats.md, dates and eras); no clock is read here.

use std::fmt;

/// A real calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// A month from its numbers: years 1868 to 2199, months 1 to 12.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1868..=2199).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// Reads an item: six digits are YYYYMM, five are GYYMM with an era digit from 1 to 5.
    pub fn parse(item: &[u8]) -> Option<Self> {
        let (year, month) = match item.len() {
            6 => (number(item.get(..4)?)?, item.get(4..)?),
            5 => (era_year(item.get(..3)?)?, item.get(3..)?),
            _ => return None,
        };
        Self::new(year, u8::try_from(number(month)?).ok()?)
    }

    /// Gregorian year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            m => Self { month: m + 1, ..self },
        }
    }

    /// Number of days.
    pub fn days(self) -> u8 {
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap(self.year) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// `YYYYMM`, as in names of folders.
    pub fn compact(self) -> String {
        format!("{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A real calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Its month.
    pub month: Month,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// Reads an item: eight digits are YYYYMMDD, seven are GYYMMDD.
    pub fn parse(item: &[u8]) -> Option<Self> {
        let split = item.len().checked_sub(2)?;
        let month = Month::parse(item.get(..split)?)?;
        let day = u8::try_from(number(item.get(split..)?)?).ok()?;
        (1..=month.days()).contains(&day).then_some(Self { month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.month, self.day)
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// GYY. A year beyond the era's end is read by arithmetic: old programs wrote 昭和64 and 平成32 where they should not.
fn era_year(item: &[u8]) -> Option<u16> {
    let (era, year) = item.split_first()?;
    let base = match era {
        b'1' => 1867,
        b'2' => 1911,
        b'3' => 1925,
        b'4' => 1988,
        b'5' => 2018,
        _ => return None,
    };
    match number(year)? {
        0 => None,
        n => Some(base + n),
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0u16, |n, b| b.is_ascii_digit().then(|| n * 10 + u16::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Option<String> {
        Month::parse(text.as_bytes()).map(|m| m.to_string())
    }

    #[test]
    fn both_styles() {
        assert_eq!(month("202111").as_deref(), Some("2021-11"));
        assert_eq!(month("43012").as_deref(), Some("2018-12"));
        assert_eq!(month("50612").as_deref(), Some("2024-12"));
        assert_eq!(month("36401").as_deref(), Some("1989-01"));
        assert_eq!(Date::parse(b"3450105").map(|d| d.to_string()).as_deref(), Some("1970-01-05"));
        assert_eq!(Date::parse(b"20240229").map(|d| d.to_string()).as_deref(), Some("2024-02-29"));
    }

    #[test]
    fn what_is_no_month_or_date() {
        for text in ["", "202113", "202100", "2021", "60101", "50001", "50613", " 20211", "2021-1", "999912"]
        {
            assert_eq!(month(text), None, "{text:?}");
        }
        for text in ["20230229", "20210431", "4310431", "202111", "0", ""] {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn next_month_crosses_the_year() {
        assert_eq!(Month::new(2021, 12).map(Month::next), Month::new(2022, 1));
        assert_eq!(Month::new(2021, 1).map(Month::compact).as_deref(), Some("202101"));
    }
}
