//! The header line of a claim file: made from the facts of the facility, or taken over from another file of the month.
//! It must not know what stands below it.

use crate::encode::{EncodeError, encode};
use crate::lines::{IR, item_number, items};
use rezept_claim::layout::{self, Mode};
use rezept_claim::{FacilityCode, Family, Layout, Month, Payer, Prefecture, RecordId};
use std::fmt;

/// The facility as it stands in headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facility {
    /// 都道府県
    pub prefecture: Prefecture,
    /// 医療機関コード
    pub code: FacilityCode,
    /// 医療機関名称: full-width, at most 40 bytes.
    pub name: String,
    /// 電話番号: half-width, at most 15 bytes.
    pub phone: Option<String>,
    /// 届出 of a dental clinic: two-digit codes, one behind the other.
    pub notifications: Option<String>,
}

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// A fact of the facility does not fit its item.
    #[error("{item} does not fit the header")]
    Item {
        /// The item's English name.
        item: &'static str,
        /// Why; `None` when it is the size.
        #[source]
        source: Option<EncodeError>,
    },
    /// The line handed in is no header of this family.
    #[error("not the header line of a {family} file", family = .0.as_str())]
    NotHeader(Family),
}

/// The header line of a file, valid for its family.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    family: Family,
    payer: Payer,
    month: Month,
    line: Vec<u8>,
}

impl Head {
    /// The header of a billing month, volume 00.
    ///
    /// # Errors
    /// When name, phone or notifications do not fit their items.
    pub fn new(family: Family, payer: Payer, month: Month, facility: &Facility) -> Result<Self, HeadError> {
        let layout = header_layout(family).ok_or(HeadError::NotHeader(family))?;
        let mut line = Vec::new();
        for item in layout.items {
            let given = match item.name {
                "facility_name" => Some(facility.name.as_str()),
                "phone" => facility.phone.as_deref(),
                "notifications" => facility.notifications.as_deref(),
                _ => None,
            };
            let value = match given {
                Some(text) => fitting(item.name, text, item.mode, item.max)?,
                None => known(item.name, layout.id, family, payer, month, facility).into_bytes(),
            };
            if !line.is_empty() {
                line.push(b',');
            }
            line.extend_from_slice(&value);
        }
        Ok(Self { family, payer, month, line })
    }

    /// The header line of another claim file of the same facility, as it is, but for this payer body and month and with
    /// volume 00: keeps what only the receipt computer knows, for example 届出.
    ///
    /// # Errors
    /// When `line` is not the header of a file of this family.
    pub fn like(family: Family, payer: Payer, month: Month, line: &[u8]) -> Result<Self, HeadError> {
        let layout = header_layout(family).ok_or(HeadError::NotHeader(family))?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if items(line).next() != Some(&layout.id.0) || items(line).count() < layout.item_count {
            return Err(HeadError::NotHeader(family));
        }
        let line = patched(line, layout, payer, month, true);
        Ok(Self { family, payer, month, line })
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The payer body.
    pub fn payer(&self) -> Payer {
        self.payer
    }

    /// 請求年月.
    pub fn month(&self) -> Month {
        self.month
    }

    /// The line without its end.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The IR that opens a dental claim of this file: the claim's own with payer and month of the file, or, without one,
    /// an IR with the header's facts.
    pub(crate) fn claim_ir(&self, own: &[u8]) -> Vec<u8> {
        let (Some(head), Some(ir)) = (header_layout(self.family), layout::layout(self.family, IR)) else {
            return own.to_vec();
        };
        if !own.is_empty() {
            return patched(own, ir, self.payer, self.month, false);
        }
        let values = ir.items.iter().map(|item| match item.name {
            "record_id" => IR.0.to_vec(),
            name => item_number(head, name)
                .and_then(|number| items(&self.line).nth(number - 1))
                .unwrap_or_default()
                .to_vec(),
        });
        values.collect::<Vec<_>>().join(&b","[..])
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("family", &self.family)
            .field("payer", &self.payer)
            .field("month", &self.month)
            .finish_non_exhaustive()
    }
}

fn header_layout(family: Family) -> Option<&'static Layout> {
    let id = match family {
        Family::Ika | Family::Dpc => *b"IR",
        Family::Shika => *b"UK",
        Family::Chozai => *b"YK",
        Family::Houkan => *b"HM",
    };
    layout::layout(family, RecordId(id))
}

fn known(
    name: &str,
    id: RecordId,
    family: Family,
    payer: Payer,
    month: Month,
    facility: &Facility,
) -> String {
    match name {
        "record_id" => id.to_string(),
        "payer" => payer.code().to_owned(),
        "prefecture" => facility.prefecture.to_string(),
        "point_table" => family.point_table().to_string(),
        "facility_code" => facility.code.to_string(),
        "claim_ym" => month.compact(),
        "volume" => "00".to_owned(),
        _ => String::new(),
    }
}

fn patched(line: &[u8], layout: &Layout, payer: Payer, month: Month, volume: bool) -> Vec<u8> {
    let month = month.compact();
    let mut values = vec![("payer", payer.code()), ("claim_ym", month.as_str())];
    if volume {
        values.push(("volume", "00"));
    }
    values.into_iter().fold(line.to_vec(), |line, (name, value)| {
        item_number(layout, name)
            .and_then(|number| crate::lines::with_item(&line, number, value.as_bytes()))
            .unwrap_or(line)
    })
}

fn fitting(item: &'static str, text: &str, mode: Mode, max: Option<u32>) -> Result<Vec<u8>, HeadError> {
    let value = encode(text, mode).map_err(|source| HeadError::Item { item, source: Some(source) })?;
    if max.is_some_and(|max| value.len() as u64 > u64::from(max))
        || (item == "facility_name" && value.is_empty())
    {
        return Err(HeadError::Item { item, source: None });
    }
    Ok(value)
}
