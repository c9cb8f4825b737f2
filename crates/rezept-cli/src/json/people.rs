//! Objects about people. Nothing of a password is in any.

use serde::Serialize;

use super::Object;

/// `operator`: a person of this station.
#[derive(Debug, Serialize)]
pub struct OperatorObject<'a> {
    /// `O1`.
    pub id: String,
    /// The name.
    pub name: &'a str,
    /// The roles, in permanent words.
    pub roles: Vec<&'a str>,
    /// Since when.
    pub since: &'a str,
    /// Until when; null while the person works here.
    pub retired: Option<&'a str>,
}

impl Object for OperatorObject<'_> {
    const TYPE: &'static str = "operator";
}
