//! How names and times from elsewhere may be shown: nothing from a disk or medium reaches a terminal as it is.

use std::path::Path;

/// A path as it may be printed: a name of a file can hold escape codes, line breaks and marks that turn the direction of
/// writing, and must not play tricks on the terminal.
pub fn shown(path: &Path) -> String {
    shown_text(&path.to_string_lossy())
}

/// [`shown`], for names that are text already.
pub fn shown_text(text: &str) -> String {
    let tricky = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if tricky(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// A stamp of the journal as people in Japan read it. What is no stamp stays as it is.
pub fn local_time(stamp: &str) -> String {
    let japan = jiff::tz::Offset::constant(9).to_time_zone();
    let read: Result<jiff::Timestamp, _> = stamp.parse();
    read.map_or_else(|_| stamp.to_owned(), |at| at.to_zoned(japan).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_japan() {
        assert_eq!(local_time("2026-11-22T15:53:20.102585015Z"), "2026-11-23 00:53:20");
        assert_eq!(local_time("soon"), "soon");
    }

    #[test]
    fn names_cannot_play_tricks_on_the_terminal() {
        assert_eq!(shown_text("RECEIPTC社保.UKE"), "RECEIPTC社保.UKE");
        assert_eq!(shown_text("a\x1b[2Jb\nc"), r"a\u{1b}[2Jb\u{a}c");
        assert_eq!(shown_text("exe\u{202e}EKU.C"), r"exe\u{202e}EKU.C");
    }
}
