//! The one page that is printed: the recovery key as text and as QR code, and what to do with it, in both languages. Makes
//! no file.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use rezept_parcel::OpeningKey;
use rezept_text::{Lang, Text};
use std::fmt::Write as _;

/// Side of the QR code on paper, in pixels of the page.
const QR_PIXELS: u32 = 260;
/// Characters of a group: what a person can hold in mind between paper and keyboard.
const GROUP: usize = 4;
/// Groups of a line.
const GROUPS: usize = 6;

/// What stands on the page besides the key.
pub struct Facts<'a> {
    /// Name of the facility.
    pub facility: &'a str,
    /// Its code.
    pub code: &'a str,
    /// The day.
    pub day: &'a str,
    /// The public half.
    pub recovery_key: &'a str,
}

const STYLE: &str = "body{font-family:sans-serif;margin:2em;max-width:46em}h1{font-size:1.4em}\
    .key{font-family:monospace;font-size:1.5em;line-height:1.7;border:2px solid #000;padding:.6em 1em;white-space:pre}\
    .facts{font-size:1.1em}section{margin-top:1.2em}.small{font-size:.75em;word-break:break-all}svg{width:18em;height:18em}";

/// The page, as HTML that needs nothing from anywhere else.
pub fn page(facts: &Facts<'_>, key: &OpeningKey) -> String {
    let secret = key.secret_text();
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n");
    let title = Text::new(Lang::Ja).get("sheet-title", &[]);
    let _ = write!(page, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n", escaped(&title));
    let _ = writeln!(
        page,
        "<p class=\"facts\">{} ({})<br>{}</p>",
        escaped(facts.facility),
        escaped(facts.code),
        facts.day
    );
    let _ = writeln!(page, "<div class=\"key\">{}</div>", grouped(&secret));
    page.push_str(&picture(&secret));
    for lang in [Lang::Ja, Lang::En] {
        let text = Text::new(lang);
        let _ =
            writeln!(page, "<section lang=\"{lang}\">\n<h1>{}</h1>", escaped(&text.get("sheet-title", &[])));
        let _ = writeln!(page, "<p>{}</p>\n<ol>", escaped(&text.get("sheet-what", &[])));
        for id in ["sheet-print", "sheet-lock", "sheet-delete", "sheet-use"] {
            let _ = writeln!(page, "<li>{}</li>", escaped(&text.get(id, &[])));
        }
        page.push_str("</ol>\n</section>\n");
    }
    let _ = writeln!(page, "<p class=\"small\">{}</p>\n</body>\n</html>", escaped(facts.recovery_key));
    page
}

/// `AGE-SECRET-KEY-1` in a line of its own, the rest in groups. Spaces do not count when it is typed again.
fn grouped(secret: &str) -> String {
    let (head, rest) = secret.split_at(secret.find('1').map_or(0, |at| at + 1));
    let groups: Vec<String> =
        rest.chars().collect::<Vec<_>>().chunks(GROUP).map(|group| group.iter().collect()).collect();
    let lines: Vec<String> = groups.chunks(GROUPS).map(|line| line.join(" ")).collect();
    format!("{head}\n{}", lines.join("\n"))
}

/// The QR code as a picture inside the page; nothing where it could not be made, since the text stands there too.
fn picture(secret: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(secret, EcLevel::Q) else { return String::new() };
    let svg = code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
    // What stands before the element belongs to a file of its own, not into a page.
    svg.find("<svg").and_then(|at| svg.get(at..)).map_or_else(String::new, |svg| format!("<p>{svg}</p>\n"))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_can_be_typed_from_the_page() {
        let key = OpeningKey::generate();
        let recovery_key = key.recipient().to_string();
        let facts = Facts {
            facility: "<テスト>",
            code: "13-1-9999015",
            day: "2026-11-23",
            recovery_key: &recovery_key,
        };
        let page = page(&facts, &key);
        let shown = page.split("class=\"key\">").nth(1).unwrap().split("</div>").next().unwrap();
        let typed: String = shown.split_whitespace().collect();
        assert_eq!(typed.parse::<OpeningKey>().unwrap().recipient().to_string(), recovery_key);
        assert!(page.contains("&lt;テスト&gt;") && page.contains("<svg") && page.contains(&recovery_key));
        assert!(page.contains("復旧") && page.contains("recovery"));
        // Nothing is fetched: the page is opened on a machine that holds patients' data.
        for word in ["http:", "https:", "<script", "src="] {
            let found = page.replace("http://www.w3.org/2000/svg", "").contains(word);
            assert!(!found, "{word}");
        }
    }
}
