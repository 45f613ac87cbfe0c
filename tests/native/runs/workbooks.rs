//! Excel workbooks: made here, and by openpyxl and pandas (`tests/reference/workbooks`).

use crate::runs::made::{options, read};
use proptest::prelude::*;
use refit::runs::workbook::{WorkbookError, to_csv};
use refit::runs::{ReadOutcome, read_workbook};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;

fn csv(file: &[u8], sheet: Option<&str>) -> Result<(String, Vec<String>), WorkbookError> {
    let mut text = Vec::new();
    let contents = to_csv(file, sheet, &mut |piece| {
        text.extend_from_slice(piece);
        true
    })?;
    Ok((String::from_utf8(text).unwrap(), contents.notices))
}

/// A workbook of sheets of text, which becomes a number where it is one.
fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (r, row) in rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let (r, c) = (r as u32, c as u16);
                match cell.parse::<f64>() {
                    Ok(x) => sheet.write_number(r, c, x).unwrap(),
                    Err(_) => sheet.write_string(r, c, *cell).unwrap(),
                };
            }
        }
    }
    book.save_to_buffer().unwrap()
}

const RUNS: &[&[&str]] = &[
    &["name", "gflops", "acc1"],
    &["a", "1e8", "0.5"],
    &["b", "1e9", "0.625"],
];

fn values(outcome: &ReadOutcome) -> Vec<f64> {
    outcome.runs.iter().map(|(_, _, _, value)| value).collect()
}

/// As its mapping is proposed.
fn proposed(file: &[u8], sheet: Option<&str>) -> ReadOutcome {
    let mut options = options();
    options.mapping = Some(read_workbook(file, sheet, options.clone()).preview.mapping);
    read_workbook(file, sheet, options)
}

#[test]
fn the_first_sheet_with_a_table_is_read_and_the_others_are_named() {
    let notes: &[&[&str]] = &[
        &["These are the runs of May."],
        &["", "Ask before you cite."],
    ];
    let other: &[&[&str]] = &[&["name", "gflops", "acc1"], &["c", "1e10", "0.75"]];
    let file = workbook(&[("Notes", notes), ("Runs", RUNS), ("Older", other)]);
    let (text, notices) = csv(&file, None).unwrap();
    assert_eq!(
        text,
        "name,gflops,acc1\na,100000000,0.5\nb,1000000000,0.625\n"
    );
    assert_eq!(notices, ["Sheet “Runs” is read; “Notes”, “Older” are not."]);
    let outcome = proposed(&file, None);
    assert_eq!(values(&outcome), [0.5, 0.625]);
    assert_eq!(outcome.report.format, "Excel workbook");
    assert_eq!(outcome.report.notices[0].to_string(), notices[0]);
    assert_eq!(values(&proposed(&file, Some("Older"))), [0.75]);
    assert_eq!(
        csv(&file, Some("May")).unwrap_err().to_string(),
        "The workbook has no sheet “May”; it has “Notes”, “Runs”, “Older”."
    );
    assert_eq!(
        csv(&file, Some("Notes")).unwrap_err().to_string(),
        "There is no table in “Notes”: no row of names above a row with a number."
    );
}

#[test]
fn hidden_sheets_are_read_when_they_are_named() {
    let mut book = Workbook::new();
    for (name, hidden) in [("Old", true), ("New", false)] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        match hidden {
            true => sheet.set_hidden(true),
            false => sheet.set_active(true),
        };
        sheet.write_row(0, 0, ["name", "acc1"]).unwrap();
        sheet.write(1, 0, name).unwrap();
        sheet.write(1, 1, 0.5).unwrap();
    }
    let file = book.save_to_buffer().unwrap();
    assert!(csv(&file, None).unwrap().0.contains("New"));
    assert!(csv(&file, Some("Old")).unwrap().0.contains("Old"));
}

#[test]
fn what_stands_above_and_beside_a_table_is_no_part_of_it() {
    let rows: &[&[&str]] = &[
        &[],
        &["", "Results of May"],
        &["", "Author", "me"],
        &[],
        &["", "name", "gflops", "acc1", "", "remark"],
        &["", "a", "1e8", "0.5"],
        &[],
        &["", "b", "1e9", "1.5", "", "too good"],
        &["", "c", "1e10", "0.75"],
    ];
    let file = workbook(&[("Runs", rows)]);
    let (text, notices) = csv(&file, None).unwrap();
    assert_eq!(
        text,
        "\n\n\n\nname,gflops,acc1,remark\na,100000000,0.5,\n\nb,1000000000,1.5,too good\nc,10000000000,0.75,\n"
    );
    assert_eq!(
        notices,
        ["2 rows above the header are not read, the first: “Results of May”."]
    );
    // Places are the sheet's rows.
    let told = proposed(&file, None).report.rejections;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].to_string(),
        "row 8, column acc1: 1.5 is not a fraction from 0 to 1"
    );
}

#[test]
fn cells_are_what_is_stored() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let names = [
        "run\nname",
        "top1 (%)",
        "acc5",
        "day",
        "hours",
        "done",
        "#params",
        "x;y",
    ];
    sheet.write_row(0, 0, names).unwrap();
    sheet.write(1, 0, "two\r\nlines, \"quoted\"").unwrap();
    let percent = Format::new().set_num_format("0.0%");
    sheet.write_with_format(1, 1, 0.57, &percent).unwrap();
    let fixed = Format::new().set_num_format("0.00\" %\"");
    sheet
        .write_with_format(1, 2, 0.123456789012345, &fixed)
        .unwrap();
    let date = Format::new().set_num_format("d mmm yyyy");
    let day = ExcelDateTime::from_ymd(2024, 5, 31).unwrap();
    sheet.write_with_format(1, 3, &day, &date).unwrap();
    let hours = Format::new().set_num_format("[h]:mm:ss");
    sheet.write_with_format(1, 4, 1.5, &hours).unwrap();
    sheet.write(1, 5, true).unwrap();
    sheet.write(1, 6, 1.5e9).unwrap();
    sheet.write(1, 7, "#1").unwrap();
    let file = book.save_to_buffer().unwrap();
    assert_eq!(
        csv(&file, None).unwrap().0,
        "run name,top1 (%),acc5,day,hours,done,\"#params\",\"x;y\"\n\
         \"two lines, \"\"quoted\"\"\",57%,0.123456789012345,2024-05-31,36:00:00,true,1500000000,\"#1\"\n"
    );
}

#[test]
fn a_percentage_is_its_fraction_whatever_the_column_is_called() {
    for name in ["acc1", "top1 (%)", "top-1 accuracy in percent"] {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_row(0, 0, ["name", "gflops", name]).unwrap();
        let percent = Format::new().set_num_format("0%");
        let written = [0.57, 0.29, 0.004];
        for (i, x) in written.iter().enumerate() {
            let row = i as u32 + 1;
            sheet.write(row, 0, format!("run {i}")).unwrap();
            sheet.write(row, 1, 1e8 * f64::from(row)).unwrap();
            sheet.write_with_format(row, 2, *x, &percent).unwrap();
        }
        let file = book.save_to_buffer().unwrap();
        assert_eq!(values(&proposed(&file, None)), written, "{name}");
    }
}

#[test]
fn formulas_have_their_stored_values_and_errors_are_missing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["name", "gflops", "acc1"]).unwrap();
    for (i, result) in ["0.5", "#N/A", "#DIV/0!", "999"].iter().enumerate() {
        let row = i as u32 + 1;
        sheet.write(row, 0, format!("run {i}")).unwrap();
        sheet.write(row, 1, 1e8).unwrap();
        let formula = Formula::new("=1/2").set_result(*result);
        sheet.write_formula(row, 2, formula).unwrap();
    }
    // As a program leaves it that does not calculate.
    let file = with_part(&book.save_to_buffer().unwrap(), SHEET, |xml| {
        xml.replace("<v>999</v>", "<v></v>")
    });
    let (text, notices) = csv(&file, None).unwrap();
    assert_eq!(
        text,
        "name,gflops,acc1\nrun 0,100000000,0.5\nrun 1,100000000,\nrun 2,100000000,\nrun 3,100000000,\n"
    );
    assert_eq!(
        notices,
        [
            "Errors of formulas count as missing: C4 #DIV/0!.",
            "Formulas without a stored value count as missing: C5. Open the workbook in a spreadsheet program and save it."
        ]
    );
    // Programs that do not calculate store zeros, as this one does.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["name", "acc1"]).unwrap();
    sheet.write(1, 0, "a").unwrap();
    sheet.write_formula(1, 1, "=1/2").unwrap();
    let (_, notices) = csv(&book.save_to_buffer().unwrap(), None).unwrap();
    assert_eq!(
        notices,
        [
            "The stored value of every formula is 0 (1, the first in B2): a program that does not calculate may have written them. Open the workbook in a spreadsheet program and save it."
        ]
    );
}

#[test]
fn merged_cells_count_wherever_they_span() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    let mut merge = |from: (u32, u16), to: (u32, u16), text: &str| {
        sheet
            .merge_range(from.0, from.1, to.0, to.1, text, &plain)
            .unwrap();
    };
    merge((0, 0), (0, 5), "Zero-shot results");
    merge((1, 0), (2, 0), "model");
    merge((1, 1), (2, 1), "gflops");
    merge((1, 2), (1, 3), "imagenet1k");
    merge((1, 4), (1, 5), "imagenetv2");
    merge((3, 0), (4, 0), "ViT-B-32");
    for (column, name) in [(2, "acc1"), (3, "acc5"), (4, "acc1"), (5, "acc5")] {
        sheet.write(2, column, name).unwrap();
    }
    for row in 3..6_u32 {
        for column in 1..6_u16 {
            let x = f64::from(row) + f64::from(column) / 8.0;
            sheet.write(row, column, x).unwrap();
        }
    }
    sheet.write(5, 0, "ViT-L-14").unwrap();
    let file = book.save_to_buffer().unwrap();
    let (text, notices) = csv(&file, None).unwrap();
    assert_eq!(
        text,
        "\n\nmodel,gflops,imagenet1k acc1,imagenet1k acc5,imagenetv2 acc1,imagenetv2 acc5\n\
         ViT-B-32,3.125,3.25,3.375,3.5,3.625\n\
         ViT-B-32,4.125,4.25,4.375,4.5,4.625\n\
         ViT-L-14,5.125,5.25,5.375,5.5,5.625\n"
    );
    assert_eq!(
        notices,
        [
            "The row above the header is not read: “Zero-shot results”.",
            "Merged cells count in every row that they span: 1."
        ]
    );
}

#[test]
fn workbooks_of_openpyxl_and_pandas_are_read() {
    let file = include_bytes!("../../reference/workbooks/openpyxl.xlsx");
    let (text, notices) = csv(file, None).unwrap();
    assert_eq!(
        text,
        "\n\n\nmodel,GFLOPs (run),ImageNet acc1,ImageNet acc5,finished,ratio\n\
         ViT-B-32,100000000,57%,0.8,2024-05-01,\n\
         ViT-B-32,1000000000,63%,0.85,2024-05-02,\n\
         ViT-L-14,10000000000,70%,,2024-05-03,\n"
    );
    assert_eq!(
        notices,
        [
            "Sheet “Runs” is read; “Notes” is not.",
            "The row above the header is not read: “Results of May”.",
            "Merged cells count in every row that they span: 1.",
            "Formulas without a stored value count as missing: G5, G6, G7. Open the workbook in a spreadsheet program and save it."
        ]
    );
    let outcome = proposed(file, None);
    let found = |metric| -> Vec<f64> {
        let all = outcome.runs.iter().filter(|(_, _, m, _)| *m == metric);
        all.map(|(_, _, _, value)| value).collect()
    };
    assert_eq!(found("acc1"), [0.57, 0.63, 0.7]);
    assert_eq!(found("acc5"), [0.8, 0.85]);
    let file = include_bytes!("../../reference/workbooks/pandas.xlsx");
    for (sheet, expected) in [
        (
            "plain",
            "gflops,acc1,acc5\n100000000,0.5,0.75\n1000000000,0.625,0.875\n",
        ),
        (
            "index",
            "column A,gflops,acc1,acc5\n0,100000000,0.5,0.75\n1,1000000000,0.625,0.875\n",
        ),
        (
            "levels",
            "\ncolumn A,gflops,imagenet1k acc1,imagenet1k acc5\n\n0,100000000,0.5,0.75\n1,1000000000,0.625,0.875\n",
        ),
    ] {
        assert_eq!(csv(file, Some(sheet)).unwrap().0, expected, "{sheet}");
        assert_eq!(values(&proposed(file, Some(sheet))).len(), 4, "{sheet}");
    }
}

/// A zip of files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn other_zips_are_named() {
    let told = |file: &[u8]| csv(file, None).unwrap_err().to_string();
    assert_eq!(
        told(&zip(&[("runs.csv", b"a,b\n")])),
        "The file is a zip archive, not a workbook. Unpack it."
    );
    assert_eq!(
        told(&zip(&[("mimetype", b""), ("content.xml", b"")])),
        "The file is an OpenDocument file, which is not read. Save it as .xlsx, or the sheet as CSV."
    );
    assert!(told(b"PK\x03\x04").starts_with("The workbook is damaged: "));
    // Workbooks of before 2007, and those with a password, are no zips.
    let old = read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1........................");
    assert_eq!(
        refit::words::read_error(&old.report.error.unwrap()),
        "The file is an Excel workbook of the old kind (.xls), or one with a password. Save it as .xlsx without a password, or the sheet as CSV."
    );
}

/// The files of a workbook.
fn unzip(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let parts = (0..archive.len()).map(|i| {
        let mut part = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        (part.name().unwrap().into_owned(), bytes)
    });
    parts.collect()
}

fn with_part(file: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let parts = unzip(file);
    let parts: Vec<(String, Vec<u8>)> = parts
        .into_iter()
        .map(|(part, bytes)| match part == name {
            true => (part, change(String::from_utf8(bytes).unwrap()).into_bytes()),
            false => (part, bytes),
        })
        .collect();
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (&**n, &**b)).collect();
    zip(&parts)
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn bombs_do_not_go_off() {
    let file = workbook(&[("Runs", RUNS)]);
    // Of blanks, that no cell has.
    let blank = with_part(&file, SHEET, |xml| xml + &" ".repeat(300 << 20));
    assert!(blank.len() < 2 << 20);
    assert_eq!(csv(&blank, None), Err(WorkbookError::TooLarge));
    // A long text that every row has anew.
    let long = with_part(&file, "xl/sharedStrings.xml", |xml| {
        xml.replace(">a<", &format!(">{}<", "a".repeat(1 << 20)))
    });
    let rows: String = (3..3000)
        .map(|r| format!("<row r=\"{r}\"><c r=\"A{r}\" t=\"s\"><v>3</v></c></row>"))
        .collect();
    let long = with_part(&long, SHEET, |xml| {
        xml.replace("</sheetData>", &format!("{rows}</sheetData>"))
    });
    assert_eq!(csv(&long, None), Err(WorkbookError::TooLarge));
    // Cells at the ends of the sheet.
    let wide: String = (5..60_000)
        .map(|r| format!("<row r=\"{r}\"><c r=\"XFD{r}\"><v>3</v></c></row>"))
        .collect();
    let wide = with_part(&file, SHEET, |xml| {
        xml.replace("</sheetData>", &format!("{wide}</sheetData>"))
    });
    assert!(csv(&wide, None).unwrap().0.len() < 1 << 20);
    let merged = with_part(&file, SHEET, |xml| {
        let cells = "<mergeCells count=\"1\"><mergeCell ref=\"A2:XFD1048576\"/></mergeCells>";
        xml.replace("</sheetData>", &format!("</sheetData>{cells}"))
    });
    assert_eq!(values(&proposed(&merged, None)), [0.5, 0.625]);
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::vec(
            ("[a-z][a-z,\"; ]{0,5}[a-z]", prop::option::of(any::<f64>()), prop::option::of(-1e3f64..1e3)), 1..20),
        down in 0u32..5,
        right in 0u16..5,
    ) {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_row(down, right, ["name", "x", "y"]).unwrap();
        let finite = |x: &f64| x.is_finite();
        for (i, (name, x, y)) in rows.iter().enumerate() {
            let row = down + 1 + i as u32;
            sheet.write(row, right, name).unwrap();
            for (column, x) in [(1, x), (2, y)] {
                if let Some(x) = x.filter(finite) {
                    sheet.write(row, right + column, x).unwrap();
                }
            }
        }
        let any = rows.iter().any(|(_, x, y)| x.filter(finite).or(*y).is_some());
        let file = book.save_to_buffer().unwrap();
        let found = csv(&file, None);
        if !any {
            let none = matches!(found, Err(WorkbookError::NoTable { .. }));
            prop_assert!(none);
            return Ok(());
        }
        let (text, notices) = found.unwrap();
        prop_assert_eq!(notices.len(), 0);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        prop_assert_eq!(names, ["name", "x", "y"]);
        let number = |cell: &str| (!cell.is_empty()).then(|| cell.parse::<f64>().unwrap());
        for (record, (name, x, y)) in reader.records().zip(&rows) {
            let record = record.unwrap();
            prop_assert_eq!(&record[0], name.trim());
            prop_assert_eq!(number(&record[1]), x.filter(finite));
            prop_assert_eq!(number(&record[2]), *y);
        }
    }

    #[test]
    fn damaged_workbooks_come_to_something(
        part: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"<>/\"=09AZr&;".to_vec())]), 1..8),
        cut in prop::option::of((any::<prop::sample::Index>(), 1usize..40)),
        zipped: bool,
    ) {
        let mut parts = PARTS.clone();
        let mut file = Vec::new();
        let bytes = match zipped {
            // The zip itself, or what is in it.
            true => {
                file = packed(&parts);
                &mut file
            }
            false => {
                let which = part.index(parts.len());
                &mut parts[which].1
            }
        };
        for (at, byte) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some((from, length)) = cut {
            let from = from.index(bytes.len());
            let to = (from + length).min(bytes.len());
            bytes.drain(from..to);
        }
        if !zipped {
            file = packed(&parts);
        }
        let _ = csv(&file, None);
    }
}

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (&**n, &**b)).collect();
    zip(&parts)
}

static PARTS: std::sync::LazyLock<Vec<(String, Vec<u8>)>> =
    std::sync::LazyLock::new(|| unzip(include_bytes!("../../reference/workbooks/openpyxl.xlsx")));
