//! The page of every code, docs/errors.md: written from the list of `rezept-codes` and the sentences, and compared with them.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use rezept_codes::Code;
    use rezept_text::{Arg, Lang, Text};

    #[test]
    fn the_sentences_explain_exactly_these_codes() {
        for &lang in Lang::ALL {
            let lines = rezept_text::sources(lang).iter().flat_map(|(_, source)| source.lines());
            let explained: BTreeSet<&str> =
                lines.filter(|line| line.starts_with("RZ-")).map(|line| &line[..7]).collect();
            let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
            assert_eq!(explained, known, "{lang}");
        }
    }

    /// A code that is written out would escape the list.
    #[test]
    fn no_source_writes_a_code_out() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut waiting = vec![crates.to_owned()];
        let (mut read, mut found) = (0, Vec::new());
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let own =
                    path.ends_with("rezept-codes") || path.ends_with("tests") || path.ends_with("examples");
                if path.is_dir() && !own {
                    waiting.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    let shipped = source.split("#[cfg(test)]\nmod tests").next().unwrap();
                    read += 1;
                    if shipped.contains("\"RZ-") {
                        found.push(path);
                    }
                }
            }
        }
        assert!(read > 100, "only {read} sources were read");
        assert_eq!(found, Vec::<std::path::PathBuf>::new());
    }

    /// docs/errors.md is written from the list and the sentences. `UPDATE_EXPECT=1 cargo test -p rezept-cli` writes it.
    #[test]
    fn the_page_of_errors_is_up_to_date() {
        expect_test::expect_file!["../../../docs/errors.md"].assert_eq(&page());
    }

    const INTRODUCTION: &str = "\
# Error codes / エラーコード

Every error has a permanent code. It is never renumbered and never used again, so it can be read out on the phone.
Each says what happened, whether anything was sent, and what to do next. *Exit* is the exit code of the command when
nothing else happened; where several apply the gravest wins: 70, 6, 5, 4, 3, 2, 1, 0.

エラーには変わることのないコードがあります。電話で問い合わせるときは、このコードを伝えてください。

| exit | meaning | 意味 |
|---|---|---|
| 0 | done | 正常 |
| 1 | findings or held items that a person must look at | 人が確かめるものがある |
| 2 | usage or configuration | 使い方または設定の誤り |
| 3 | not a file that can be read | 読めないファイル |
| 4 | some done, some not | 一部だけ済んだ |
| 5 | target missing, full or read-only | 媒体や保存先がない、いっぱい、書けない |
| 6 | the read-back differed, or something is not authentic | 読み直した内容が違う、または本物と確かめられない |
| 70 | a bug of rezept | rezept の誤り |

This page is written from the program's own sentences by a test (`codes.rs`); change them there.
";

    const GROUPS: &[(char, &str)] = &[
        ('U', "U: usage and configuration / 使い方と設定"),
        ('F', "F: files that cannot be read / 読めないファイル"),
        ('G', "G: stopped before sending or delivering / 送る前、届ける前に止めたもの"),
        ('T', "T: handing over and media / 受渡しと媒体"),
        ('P', "P: parcels that arrived / 受け取った受渡パッケージ"),
        ('M', "M: registered media / 登録した媒体"),
        ('R', "R: returns and resubmission / 返戻と再請求"),
        ('O', "O: people / 操作する人"),
        ('V', "V: malware scanner / マルウェアの検査"),
        ('K', "K: keys and pairing / 鍵とペアリング"),
        ('J', "J: journal / 台帳"),
        ('A', "A: the history and its witnesses / 記録とその確かめ"),
        ('S', "S: asking the running service / 動いているサービスへの依頼"),
        ('W', "W: folders of this computer / このパソコンのフォルダ"),
        ('X', "X: faults of the program / プログラムの誤り"),
    ];

    fn page() -> String {
        let (ja, en) = (Text::new(Lang::Ja), Text::new(Lang::En));
        let mut page = INTRODUCTION.to_owned();
        for (letter, title) in GROUPS {
            write!(page, "\n## {title}\n").unwrap();
            for code in Code::ALL.iter().filter(|code| code.as_str().chars().nth(3) == Some(*letter)) {
                write!(page, "\n### {}\n\nExit {}.\n\n", code.as_str(), code.exit().number()).unwrap();
                for text in [&ja, &en] {
                    let args = [("value", Arg::from("…")), ("argument", Arg::from("…"))];
                    let part = |part: &str| text.get(&format!("{}-{part}", code.as_str()), &args);
                    writeln!(page, "* {} {} {}", part("what"), part("sent"), part("next")).unwrap();
                }
            }
        }
        page
    }
}
