//! Every sentence a person reads, Japanese and English, kept in Fluent files that are built into the program. This
//! crate knows nothing of what the sentences are about, and depends on no other of our crates.

mod lang;

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

pub use lang::{Lang, UnknownLang};

/// The files of one language, by name: the same names in every language.
#[must_use]
pub const fn sources(lang: Lang) -> &'static [(&'static str, &'static str)] {
    macro_rules! files {
        ($lang:literal: $($name:literal),+) => {
            &[$(($name, include_str!(concat!("../locales/", $lang, "/", $name, ".ftl")))),+]
        };
    }
    match lang {
        Lang::Ja => {
            files!(
                "ja": "help", "ui", "show", "verify", "station", "returns", "people", "media", "scanner", "pair", "audit", "findings",
                "errors"
            )
        }
        Lang::En => {
            files!(
                "en": "help", "ui", "show", "verify", "station", "returns", "people", "media", "scanner", "pair", "audit", "findings",
                "errors"
            )
        }
    }
}

/// A value that is put into a sentence.
#[derive(Clone, Debug)]
pub enum Arg<'a> {
    /// Put in as it is.
    Text(Cow<'a, str>),
    /// Shown with a comma between thousands, and chooses between singular and plural.
    Number(u64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<u64> for Arg<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

/// The sentences of one language. May be shared between threads.
pub struct Text {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Text {
    /// Reads the sentences of a language. They are part of the program, and tests read every one of them, so nothing
    /// can fail here that is not a bug; a broken one would be missing, not end the program.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // The marks that keep the direction of writing apart would end up in paths that people copy.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(format_value));
        for (name, source) in sources(lang) {
            let resource = FluentResource::try_new((*source).to_owned());
            debug_assert!(resource.is_ok(), "{name}.ftl of {lang} has faults");
            let added = bundle.add_resource(resource.unwrap_or_else(|(partial, _)| partial));
            debug_assert!(added.is_ok(), "{name}.ftl of {lang} repeats an id");
        }
        Self { lang, bundle }
    }

    /// Whose sentences these are.
    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether there is a sentence of this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }

    /// The sentence of an id with the values of `args` put in. An id that does not exist comes back in brackets: worse
    /// than a sentence, better than nothing, and tests see to it that it does not happen.
    #[must_use]
    pub fn get(&self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            debug_assert!(false, "there is no text {id}");
            return format!("[{id}]");
        };
        let values: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, fluent(value))).collect();
        let mut errors = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, Some(&values), &mut errors);
        debug_assert!(errors.is_empty(), "text {id}: {errors:?}");
        sentence.into_owned()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("lang", &self.lang).finish_non_exhaustive()
    }
}

fn fluent<'a>(value: &'a Arg<'_>) -> FluentValue<'a> {
    match value {
        Arg::Text(text) => FluentValue::from(text.as_ref()),
        Arg::Number(number) => FluentValue::from(*number),
    }
}

fn format_value<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(grouped(&number.as_string())),
        _ => None,
    }
}

/// `1234567` -> `1,234,567`.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_choose_the_plural() {
        for (digits, shown) in [("0", "0"), ("999", "999"), ("1000", "1,000"), ("1234567", "1,234,567")] {
            assert_eq!(grouped(digits), shown);
        }
        let text = Text::new(Lang::En);
        assert_eq!(text.get("unit-bytes", &[("n", 1u64.into())]), "1 byte");
        assert_eq!(text.get("unit-bytes", &[("n", 48_213u64.into())]), "48,213 bytes");
    }

    #[test]
    fn values_are_put_in_without_invisible_marks() {
        let shown = Text::new(Lang::Ja).get("unit-bytes", &[("n", 5u64.into())]);
        assert_eq!(shown, "5 バイト");
    }
}
