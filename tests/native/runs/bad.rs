//! Everything that can be wrong with a file: a sentence with the line, and what is good is kept.

use crate::runs::made::{gzip, measurements, options, read, read_with};
use refit::runs::{Limits, ReadOptions, ReadOutcome, Reader};
use refit::words;

const HEADER: &str =
    "arch,samples_seen,gmacs_total,upstream_dataset,downstream_dataset,acc1,acc5,name";

fn table(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

const A: &str = "ViT-B-32,3e9,2.2e10,LAION-2B,imagenet1k,0.5,0.75,a";
const B: &str = "ViT-B-16,3e9,6.2e10,LAION-2B,imagenet1k,0.6,0.85,b";

/// What is told of a file, in order.
fn told(outcome: &ReadOutcome) -> Vec<String> {
    let report = &outcome.report;
    let refusals = report.rejections.iter().map(ToString::to_string);
    let notices = report.notices.iter().map(ToString::to_string);
    let stopped = report.error.iter().map(words::read_error);
    refusals.chain(notices).chain(stopped).collect()
}

/// In ascending order.
fn values(outcome: &ReadOutcome) -> Vec<f64> {
    let mut values: Vec<f64> = outcome.runs.iter().map(|(_, _, _, value)| value).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, kept: &[f64], sentences: &[&str]) {
    let outcome = read(text.as_ref());
    let mut kept = kept.to_vec();
    kept.sort_by(f64::total_cmp);
    assert_eq!(values(&outcome), kept);
    assert_eq!(told(&outcome), sentences);
}

const GOOD: [f64; 4] = [0.5, 0.6, 0.75, 0.85];

#[test]
fn a_good_table_has_nothing_to_tell() {
    check(table(&[A, B]), &GOOD, &[]);
}

#[test]
fn byte_order_mark_and_line_ends_do_not_matter() {
    let text = table(&[A, B]);
    check(format!("\u{feff}{text}"), &GOOD, &[]);
    check(text.replace('\n', "\r\n"), &GOOD, &[]);
    check(text.replace('\n', "\r"), &GOOD, &[]);
    check(format!("\n\n{}", text.replace('\n', "\n\n")), &GOOD, &[]);
    check(text.trim_end(), &GOOD, &[]);
}

#[test]
fn lines_are_those_of_the_file() {
    let bad = A.replace("0.5,0.75", "x,y");
    let sentence = |line: u32| format!("line {line}, column acc1: “x” is not a number");
    for (text, line) in [
        (table(&[A, &bad]), 3),
        (table(&[A, "", "", &bad]), 5),
        (table(&[A, &bad]).replace('\n', "\r\n"), 3),
        (table(&[&A.replace(",a", ",\"two\nlines\""), &bad]), 4),
        (
            table(&[&A.replace(",a", ",\"two\r\nlines\""), &bad]).replace("0.75\n", "0.75\r\n"),
            4,
        ),
    ] {
        assert_eq!(told(&read(text.as_bytes()))[0], sentence(line), "{text}");
    }
}

#[test]
fn every_delimiter_is_found() {
    let text = table(&[A, B]);
    for (delimiter, format) in [
        ("\t", "TSV"),
        (";", "CSV, separated by semicolons"),
        ("|", "CSV, separated by vertical bars"),
    ] {
        let text = text.replace(',', delimiter);
        check(&text, &GOOD, &[]);
        assert_eq!(read(text.as_bytes()).report.format, format);
    }
    // As spreadsheets write where a comma stands in numbers.
    check(text.replace(',', ";").replace('.', ","), &GOOD, &[]);
}

#[test]
fn a_wrong_delimiter_is_told() {
    check(
        "arch:acc1\nViT-B-32:0.5\n",
        &[],
        &[
            "Line 1: the header has one column only, “arch:acc1”; columns are separated by commas, semicolons, tabs or vertical bars.",
        ],
    );
}

#[test]
fn quoted_line_ends_belong_to_their_cell() {
    let text = table(&[&A.replace(",a", ",\"a, \"\"b\"\"\nc\""), B]);
    let outcome = read(text.as_bytes());
    assert_eq!(values(&outcome), GOOD);
    assert_eq!(outcome.runs.runs().next().unwrap().name, "a, \"b\"\nc");
}

#[test]
fn an_open_quote_costs_what_it_swallows_and_says_so() {
    check(
        table(&[A, "ViT-B-32,\"3e9,2.2e10", B, B]),
        &[0.5, 0.75],
        &[
            "line 3: has 2 columns where the header has 8; it goes on to line 6, so that a quote is perhaps not closed",
        ],
    );
    let options = ReadOptions {
        limits: Limits {
            row: 1000,
            ..Limits::default()
        },
        ..options()
    };
    let many = vec![B; 100].join("\n");
    let text = table(&[A, "ViT-B-32,\"3e9", &many]);
    let outcome = read_with(text.as_bytes(), options);
    assert_eq!(
        told(&outcome)[0],
        "line 3: is longer than 0 KiB; a quote is perhaps not closed"
    );
    // The rest of the table is read again from a line's beginning.
    assert!(
        outcome.report.kept_rows > 70,
        "{}",
        outcome.report.kept_rows
    );
}

#[test]
fn rows_of_other_lengths_are_refused() {
    check(
        table(&[A, "ViT-B-32,3e9", &format!("{A},more"), B]),
        &GOOD,
        &[
            "line 3: has 2 columns where the header has 8",
            "line 4: has 9 columns where the header has 8",
        ],
    );
}

#[test]
fn the_header_once_more_is_no_row() {
    check(
        table(&[A, HEADER, B]),
        &GOOD,
        &["line 3: is the header once more"],
    );
}

#[test]
fn a_column_twice_is_told() {
    let text = table(&[A, B]).replace("acc1,acc5", "acc1,acc1");
    check(
        text,
        &[0.5, 0.6],
        &["Line 1: the header has the column acc1 twice; the first is read."],
    );
}

#[test]
fn missing_columns_are_named() {
    let text = table(&[A, B]).replace("gmacs_total", "total");
    check(
        text,
        &[],
        &[
            "The columns are almost those of the openclip study's zeroshot_results.csv; missing: gmacs_total.",
        ],
    );
}

#[test]
fn percent_is_found_by_the_column_and_told() {
    let percent = |row: &str| row.replace("0.5,", "0.9,").replace("0.6,", "60,");
    check(
        table(&[&percent(A), &percent(B), &percent(B)]),
        &[0.009, 0.75, 0.6, 0.85, 0.6, 0.85],
        &["Column acc1 is in percent (line 3: 60); its numbers are divided by 100."],
    );
    check(
        table(&[&A.replace("0.5,", "50%,"), B]),
        &GOOD,
        &[
            "In column acc1 numbers with a percent sign are divided by 100 (line 2: 50%), the others are not.",
        ],
    );
    // One among many is a mistake of its row.
    check(
        table(&[A, &B.replace("0.6,", "60,"), A]),
        &[0.5, 0.75, 0.85, 0.5, 0.75],
        &["line 3, column acc1: 60 is not a fraction from 0 to 1"],
    );
    let outcome = read(table(&[A, &B.replace("0.6,0.85", "60,"), A]).as_bytes());
    assert_eq!(
        (
            outcome.report.rows,
            outcome.report.kept_rows,
            outcome.report.rejected
        ),
        (3, 2, 1)
    );
}

#[test]
fn numbers_that_are_none_are_told() {
    check(
        table(&[
            &A.replace("0.5", "NaN"),
            &A.replace("0.5", ""),
            &A.replace("0.5", "-0.5"),
            &A.replace("0.5", "inf"),
            &A.replace("0.5", "120"),
            &A.replace("2.2e10", "0"),
            &A.replace("2.2e10", "many"),
            &A.replace("2.2e10", "1e400"),
            &A.replace("imagenet1k", ""),
            &A.replace("0.5,0.75", ","),
        ]),
        &[0.75, 0.75, 0.75, 0.75, 0.75],
        &[
            "line 4, column acc1: -0.5 is not a fraction from 0 to 1",
            "line 5, column acc1: “inf” is not a number",
            "line 6, column acc1: 120 is not a fraction from 0 to 1",
            "line 7, column gmacs_total: 0 is not above zero",
            "line 8, column gmacs_total: “many” is not a number",
            "line 9, column gmacs_total: “1e400” is not a number",
            "line 10, column dataset: is empty",
        ],
    );
    let outcome = read(table(&[&A.replace("0.5,0.75", "nan,")]).as_bytes());
    assert_eq!(outcome.report.skipped.values().sum::<u64>(), 1);
}

#[test]
fn compute_that_is_missing_comes_from_the_architectures() {
    let outcome = read(table(&[&A.replace("2.2e10", "")]).as_bytes());
    assert_eq!(measurements(&outcome)[0].compute, Some(7.4 * 3e9));
    check(
        table(&[&A.replace("2.2e10", "NaN").replace("ViT-B-32", "ViT-Q"), B]),
        &[0.6, 0.85],
        &[
            "line 2: has no compute, and “ViT-Q” of clip is not among the architectures whose GMACs are known",
        ],
    );
}

#[test]
fn text_of_another_encoding_is_told() {
    let mut latin = table(&[
        A,
        "ViT-B-32,3e9,2.2e10,LAION-2B,imagenet1k,0.5,0.75,caf#",
        B,
    ])
    .into_bytes();
    let at = latin.iter().position(|b| *b == b'#').unwrap();
    latin[at] = 0xe9;
    check(latin, &GOOD, &["line 3: is not UTF-8 text"]);
    let utf16: Vec<u8> = table(&[A])
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check(
        [&[0xff, 0xfe], &utf16[..]].concat(),
        &[],
        &["The text is UTF-16. Save it as UTF-8 (in Excel: CSV UTF-8)."],
    );
}

#[test]
fn nothing_and_next_to_nothing_are_told() {
    check("", &[], &["The file is empty."]);
    check(" \n\n", &[], &["The file is empty."]);
    check("\u{feff}", &[], &["The file is empty."]);
    check(HEADER, &[], &["The table has a header, but no row."]);
    check(
        "[]",
        &[],
        &["There is no JSON object in it, so there are no rows."],
    );
    check(gzip(b""), &[], &["The file is empty."]);
}

#[test]
fn other_kinds_of_files_are_named() {
    check(
        b"PK\x03\x04........................",
        &[],
        &[
            "The file is a zip archive or an Excel workbook, which has to be read as a whole. Unpack it.",
        ],
    );
    check(
        b"PAR1............................",
        &[],
        &["The file is Parquet, which has to be read as a whole."],
    );
    check(
        gzip(b"PAR1............................"),
        &[],
        &["There is a Parquet file inside the gzip. Unpack it, and open the Parquet file."],
    );
    check(
        gzip(&gzip(table(&[A]).as_bytes())),
        &[],
        &["The file is packed with gzip twice. Unpack it once."],
    );
    check(
        "<!DOCTYPE html><html></html>",
        &[],
        &["The file is a web page, not a table. On GitHub, download the raw file."],
    );
    check(
        "\n  <html><head>\n</head></html>",
        &[],
        &["The file is a web page, not a table. On GitHub, download the raw file."],
    );
    check(
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01",
        &[],
        &["The file is a picture, not a table."],
    );
    check(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        &[],
        &["The file is a Git LFS pointer, not the table itself. Download the table itself."],
    );
    check(
        format!("{}\0\0\0", table(&[A, B])),
        &GOOD,
        &["At line 4 there is a zero byte, which no text has; the rows before are kept."],
    );
}

#[test]
fn a_truncated_gzip_gives_its_rows_and_says_that_it_ends() {
    let text = table(&vec![A; 5000]);
    let whole = gzip(text.as_bytes());
    let outcome = read(&whole[..whole.len() / 2]);
    let kept = outcome.report.kept_rows;
    assert!((1000..4000).contains(&kept), "{kept}");
    let line = kept + 2;
    assert_eq!(
        told(&outcome).last().unwrap(),
        &format!(
            "The gzip is cut off or damaged after line {line}; the rows before are kept. Download the file again for the rest."
        )
    );
    // The sum at its end alone is missing.
    let outcome = read(&whole[..whole.len() - 4]);
    assert_eq!(outcome.report.kept_rows, 5000);
    assert!(told(&outcome)[0].starts_with("The gzip is cut off or damaged"));
}

#[test]
fn a_damaged_gzip_gives_the_rows_before_and_says_so() {
    let mut file = gzip(table(&vec![A; 5000]).as_bytes());
    let end = file.len();
    file[end - 6] ^= 0xff;
    let outcome = read(&file);
    assert!(outcome.report.kept_rows >= 4990);
    assert!(
        told(&outcome)[0].starts_with("The gzip is cut off or damaged"),
        "{:?}",
        told(&outcome)
    );
    let outcome = read(
        &[
            gzip(table(&[A]).as_bytes()),
            b"what is this doing here".to_vec(),
        ]
        .concat(),
    );
    assert_eq!(outcome.report.kept_rows, 1);
    assert!(
        told(&outcome)[0].starts_with("The gzip is damaged after line 3"),
        "{:?}",
        told(&outcome)
    );
}

#[test]
fn a_gzip_of_several_members_is_one_table() {
    let text = table(&[A, B]);
    let (first, second) = text.split_at(text.len() / 2);
    check(
        [gzip(first.as_bytes()), gzip(second.as_bytes())].concat(),
        &GOOD,
        &[],
    );
}

#[test]
fn a_bomb_does_not_go_off() {
    let limits = Limits {
        expansion: 20,
        expansion_free: 1 << 20,
        ..Limits::default()
    };
    let options = ReadOptions {
        limits,
        ..options()
    };
    let mut text = table(&[A, B]).into_bytes();
    text.resize(100 << 20, b'\n');
    let outcome = read_with(&gzip(&text), options);
    assert_eq!(values(&outcome), GOOD);
    assert!(
        told(&outcome)[0]
            .starts_with("The file unpacks to more than 20 times its size; reading ended at line")
    );
    assert!(
        outcome.report.expanded < 20 << 20,
        "{}",
        outcome.report.expanded
    );
}

#[test]
fn rows_beyond_memory_are_told() {
    let limits = Limits {
        memory: 1 << 20,
        ..Limits::default()
    };
    let outcome = read_with(
        table(&vec![A; 100_000]).as_bytes(),
        ReadOptions {
            limits,
            ..options()
        },
    );
    assert!(
        (20_000..40_000).contains(&outcome.report.kept_rows),
        "{}",
        outcome.report.kept_rows
    );
    assert_eq!(outcome.runs.len() as u64, 2 * outcome.report.kept_rows);
    assert!(told(&outcome)[0].starts_with("The rows fill 1 MiB; reading ended at line"));
}

#[test]
fn broken_json_costs_its_line() {
    let good = r#"{"dataset":"imagenet1k","model":"ViT-B-32","pretrained":"openai","task":"z","acc1":0.5}"#;
    check(
        format!("{good}\n{{\"dataset\": \"x\",,}}\n[1, 2]\n\"text\"\n{good}\n{{\"dataset\""),
        &[0.5, 0.5],
        &[
            "line 2: is not JSON: key must be a string",
            "line 3: is not a JSON object",
            "line 4: is not a JSON object",
            "line 6: is not JSON: EOF while parsing an object",
        ],
    );
    check(
        format!("[{good}, 7, {good},\n{{\"dataset\": \"x\""),
        &[0.5, 0.5],
        &[
            "line 1: is not a JSON object",
            "line 2: begins a JSON object that does not end",
        ],
    );
}

#[test]
fn reading_can_be_cancelled_between_pieces() {
    let text = table(&[A, B]);
    let mut reader = Reader::new(options());
    reader
        .push(&text.as_bytes()[..text.len() - B.len() - 1])
        .unwrap();
    let progress = reader.progress();
    assert_eq!((progress.rows, progress.kept), (1, 2));
    assert_eq!(progress.bytes, (text.len() - B.len() - 1) as u64);
    let outcome = reader.cancel();
    assert_eq!(values(&outcome), [0.5, 0.75]);
    assert_eq!(
        told(&outcome),
        ["Reading was cancelled; the rows read so far are kept."]
    );
}
