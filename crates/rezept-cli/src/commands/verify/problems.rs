//! What `verify` finds, as sentence ids and places. The matches have no `_` arm: a new problem needs its sentence.

use rezept_parcel::verify::{BagProblem, BagWarning};

/// A problem as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// Sentence `bag-<id>`.
    pub id: &'static str,
    /// What it is about.
    pub file: Option<&'a str>,
    /// The tag file that names `file`.
    pub listed_in: Option<&'a str>,
    /// Line of `file`.
    pub line: Option<usize>,
}

const fn plain(id: &'static str) -> Told<'static> {
    Told { id, file: None, listed_in: None, line: None }
}

const fn about<'a>(id: &'static str, file: &'a str) -> Told<'a> {
    Told { id, file: Some(file), listed_in: None, line: None }
}

const fn line<'a>(id: &'static str, file: &'a str, line: usize) -> Told<'a> {
    Told { id, file: Some(file), listed_in: None, line: Some(line) }
}

const fn listed<'a>(id: &'static str, file: &'a str, name: &'a str) -> Told<'a> {
    Told { id, file: Some(file), listed_in: Some(name), line: None }
}

/// How an error is told.
pub fn of_error(problem: &BagProblem) -> Told<'_> {
    use BagProblem as P;
    match problem {
        P::NoBagitTxt => plain("no-bagit-txt"),
        P::BadBagitTxt => plain("bad-bagit-txt"),
        P::BomInBagitTxt => plain("bom-in-bagit-txt"),
        P::UnknownVersion { .. } => plain("unknown-version"),
        P::UnknownEncoding { label } => about("unknown-encoding", label),
        P::NotText { name } => about("not-text", name),
        P::TagFileTooLarge { name, .. } => about("tag-file-too-large", name),
        P::LineTooLong { name, line: at, .. } => line("line-too-long", name, *at),
        P::NoPayloadFolder => plain("no-payload-folder"),
        P::NoManifest => plain("no-manifest"),
        P::UnknownAlgorithm { name } => about("unknown-algorithm", name),
        P::AlgorithmTwice { first, second } => listed("algorithm-twice", second, first),
        P::BadManifestLine { name, line: at } => line("bad-manifest-line", name, *at),
        P::BadFetchLine { name, line: at } => line("bad-fetch-line", name, *at),
        P::OutOfScope { name, path, .. } => listed("out-of-scope", path, name),
        P::NotPayload { name, path } => listed("not-payload", path, name),
        P::NotATagFile { name, path } => listed("not-a-tag-file", path, name),
        P::ConflictingDigests { name, path } => listed("conflicting-digests", path, name),
        P::ListedTwice { name, path } => listed("listed-twice", path, name),
        P::Missing { name, path } => listed("missing", path, name),
        P::NotFetched { path } => about("not-fetched", path),
        P::FetchNotInManifest { path } => about("fetch-not-in-manifest", path),
        P::Unlisted { path } => about("unlisted", path),
        P::UnlistedIn { name, path } => listed("unlisted-in", path, name),
        P::DigestDiffers { name, path, .. } => listed("digest-differs", path, name),
        P::Link { path } => about("link", path),
        P::SpecialFile { path } => about("special-file", path),
        P::BadName { path } => about("bad-name", path),
        P::TooDeep { path } => about("too-deep", path),
        P::TooManyEntries { .. } => plain("too-many-entries"),
        P::OxumDiffers { .. } => plain("oxum-differs"),
        P::Unreadable { path, .. } => about("unreadable", path),
    }
}

/// How a warning is told.
pub fn of_warning(warning: &BagWarning) -> Told<'_> {
    use BagWarning as W;
    match warning {
        W::Asterisk { name } => about("asterisk", name),
        W::LeadingDotSlash { name, path } => listed("leading-dot-slash", path, name),
        W::ListedTwice { name, path } => listed("listed-twice", path, name),
        W::CaseTwins { first, second } => listed("case-twins", second, first),
        W::NormalizationTwins { first, second } => listed("normalization-twins", second, first),
        W::Renormalized { listed } => about("renormalized", listed),
        W::SystemFile { path } => about("system-file", path),
        W::SystemFileMissing { path } => about("system-file-missing", path),
        W::ByteOrderMark { name } => about("byte-order-mark", name),
        W::BadMetadataLine { name, line: at } => line("bad-metadata-line", name, *at),
        W::NotPortable { path, .. } => about("not-portable", path),
    }
}

#[cfg(test)]
mod tests {
    use rezept_text::{Lang, Text};

    /// The ids stand in quotes in this file; each must have its sentence.
    #[test]
    fn every_problem_has_its_sentence() {
        let text = Text::new(Lang::Ja);
        let source = include_str!("problems.rs").split("#[cfg(test)]").next().unwrap();
        let ids: Vec<&str> = source.split('"').skip(1).step_by(2).collect();
        assert!(ids.len() > 40, "only {} ids were found", ids.len());
        for id in ids {
            assert!(text.has(&format!("bag-{id}")), "bag-{id}");
        }
    }
}
