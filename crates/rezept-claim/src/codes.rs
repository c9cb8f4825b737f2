//! The code tables (sex, outcome, ward, return reason and so on), compiled in from `layouts/codes.toml`. Codes are text:
//! leading zeros count, and nothing here turns them into numbers.

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// One table of codes.
#[derive(Debug)]
pub struct CodeTable {
    /// English name in snake case; digit tables of one code are `claim_type.d1` and so on.
    pub name: &'static str,
    /// Japanese name.
    pub ja: &'static str,
    /// Remarks of the source, for example that the table is an edition of 2013.
    pub note: &'static str,
    /// `false`: an unknown code is never a reason to refuse.
    pub certain: bool,
    /// The codes, sorted.
    pub codes: &'static [Code],
}

/// One code of a table.
#[derive(Debug)]
pub struct Code {
    /// The code as it stands in the file.
    pub code: &'static str,
    /// What it means, in Japanese in most tables; empty where only the code is known.
    pub text: &'static str,
    /// Further properties, for example `use` = `in` or `out` of a 診療識別. Several texts have a space between them.
    pub attrs: &'static [(&'static str, &'static str)],
}

impl CodeTable {
    /// Finds a code by the bytes of its item.
    pub fn get(&self, code: &[u8]) -> Option<&'static Code> {
        let place = self.codes.binary_search_by(|c| c.code.as_bytes().cmp(code)).ok()?;
        self.codes.get(place)
    }
}

impl Code {
    /// A further property by name.
    pub fn attr(&self, name: &str) -> Option<&'static str> {
        self.attrs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// Finds a table by its English name, for example `prefecture`.
pub fn table(name: &str) -> Option<&'static CodeTable> {
    let place = TABLES.binary_search_by(|t| t.name.cmp(name)).ok()?;
    TABLES.get(place)
}

/// Every table, sorted by name.
pub fn all() -> impl Iterator<Item = &'static CodeTable> {
    TABLES.iter()
}

/// Who pays a line of 負担区分 `letter`: bit 0 the insurance, bits 1 to 4 the public payers; 0 for an unknown letter.
pub fn burden_mask(letter: u8) -> u8 {
    BURDEN.get(usize::from(letter)).copied().unwrap_or(0)
}
