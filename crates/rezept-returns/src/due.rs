//! By when a returned claim is to be sent again. Pure arithmetic on months; the caller knows what day it is in Japan.

use rezept_claim::{Date, Month};

/// Claims are taken up to this day of the month (docs/formats.md, calendar; certainty \[B\]).
const LAST_DAY: u8 = 10;

/// The last day of the claim window that is open or comes next.
pub fn next_window_end(today: Date) -> Date {
    let month = if today.day <= LAST_DAY { today.month } else { today.month.next() };
    Date { month, day: LAST_DAY }
}

/// The last billing month in which a claim of this service month can be sent: the right to claim ends five years after
/// the service, three years where it was before April 2020 (docs/formats.md, dates).
pub fn last_billing_month(service: Month) -> Option<Month> {
    let long_from = Month::new(2020, 4)?;
    let years = if service >= long_from { 5 } else { 3 };
    Month::new(service.year() + years, service.month())
}

/// The day by which a return that came today should be answered: the end of the next window, unless the right to claim
/// ends earlier.
pub fn due(today: Date, service: Option<Month>) -> Date {
    let next = next_window_end(today);
    let limit = service.and_then(last_billing_month).map(|month| Date { month, day: LAST_DAY });
    limit.map_or(next, |limit| limit.min(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u16, month: u8, day: u8) -> Date {
        Date { month: Month::new(year, month).unwrap(), day }
    }

    #[test]
    fn the_window_ends_on_the_tenth() {
        for (today, end) in [
            (date(2025, 1, 1), date(2025, 1, 10)),
            (date(2025, 1, 10), date(2025, 1, 10)),
            (date(2025, 1, 11), date(2025, 2, 10)),
            (date(2025, 12, 31), date(2026, 1, 10)),
        ] {
            assert_eq!(next_window_end(today), end, "{today}");
        }
    }

    #[test]
    fn the_right_to_claim_ends() {
        let last = |year, month| last_billing_month(Month::new(year, month).unwrap()).unwrap().to_string();
        assert_eq!(last(2020, 3), "2023-03");
        assert_eq!(last(2020, 4), "2025-04");
        let old = Month::new(2020, 4);
        assert_eq!(due(date(2025, 4, 20), old), date(2025, 4, 10), "already too late is said as it is");
        assert_eq!(due(date(2025, 3, 20), old), date(2025, 4, 10));
        assert_eq!(due(date(2025, 1, 20), None), date(2025, 2, 10));
    }
}
