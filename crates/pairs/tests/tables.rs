//! Tables of pandas, open_clip and others.

use crate::file;
use refit_pairs::records::{ColumnError, Purpose, Records, RecordsError, choose};

fn cells(table: &Records, columns: &[usize], wanted: Option<&[u64]>) -> Vec<(u64, Vec<String>)> {
    let mut rows = Vec::new();
    let read = table.read(columns, wanted, &mut |row, cells| {
        let text = |cell: &Option<&[u8]>| match cell {
            Some(cell) => String::from_utf8_lossy(cell).into_owned(),
            None => "null".to_owned(),
        };
        rows.push((row, cells.iter().map(text).collect()));
        true
    });
    read.unwrap();
    rows
}

#[test]
fn some_rows_of_some_columns_are_read() {
    let parquet = file("clip_retrieval/metadata/metadata_10.parquet");
    let table = Records::open(&parquet).unwrap();
    assert_eq!(table.columns(), ["image_path", "caption", "width"]);
    assert_eq!(table.rows(), Some(4));
    let expected = [
        (0, vec!["null".to_owned(), "0".to_owned()]),
        (3, vec!["caption 3 of part 10".to_owned(), "300".to_owned()]),
    ];
    assert_eq!(cells(&table, &[1, 2], Some(&[0, 3, 3, 9])), expected);
    let mut csv = "image_path,caption,width\n".to_owned();
    for (_, row) in cells(&table, &[0, 1, 2], None) {
        csv += &format!("{}\n", row.join(",").replace("null", "\"\""));
    }
    let text = Records::open(csv.as_bytes()).unwrap();
    assert_eq!(text.rows(), None);
    for wanted in [None, Some(&[1, 2][..]), Some(&[])] {
        let from_text = cells(&text, &[2, 0], wanted);
        assert_eq!(from_text, cells(&table, &[2, 0], wanted));
    }
}

#[test]
fn open_clips_table_is_separated_by_tabs() {
    let csv = "\u{feff}filepath\ttitle\r\na.jpg\t\"one, two\"\r\nb.jpg\r\n";
    let table = Records::open(csv.as_bytes()).unwrap();
    let columns = table.columns();
    let picture = choose(&columns, Purpose::Picture, None).unwrap();
    let text = choose(&columns, Purpose::Text, None).unwrap();
    let rows = cells(&table, &[picture, text], None);
    let [first, second] = [&rows[0].1, &rows[1].1];
    assert_eq!(first, &["a.jpg", "one, two"]);
    assert_eq!(second, &["b.jpg", "null"]);
}

#[test]
fn columns_are_known_by_their_names_or_asked_for() {
    let choose = |names: &[&str], purpose, named| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        choose(&names, purpose, named)
    };
    let (picture, text, score) = (Purpose::Picture, Purpose::Text, Purpose::Score);
    assert_eq!(choose(&["image_path", "caption"], picture, None), Ok(0));
    assert_eq!(choose(&["URL", "TEXT", "similarity"], text, None), Ok(1));
    assert_eq!(choose(&["URL", "TEXT", "similarity"], score, None), Ok(2));
    let addresses = choose(&["url", "caption"], picture, None).unwrap_err();
    assert!(addresses.to_string().contains("column url"));
    let several = choose(&["title", "caption"], text, None).unwrap_err();
    assert!(
        several
            .to_string()
            .ends_with("It could be each of title, caption")
    );
    assert_eq!(choose(&["title", "caption"], text, Some("title")), Ok(0));
    let unknown = choose(&["a"], text, Some("b")).unwrap_err();
    assert!(matches!(unknown, ColumnError::Unknown { .. }));
    let none = choose(&["a"], text, None).unwrap_err();
    assert!(none.to_string().contains("There are a"));
    // DataComp's metadata has two.
    let two = ["clip_b32_similarity_score", "clip_l14_similarity_score"];
    assert!(matches!(
        choose(&two, score, None),
        Err(ColumnError::Several { .. })
    ));
}

#[test]
fn what_is_no_table_is_told() {
    assert!(matches!(Records::open(b""), Err(RecordsError::Empty)));
    assert!(matches!(
        Records::open(b"a\0b\n"),
        Err(RecordsError::NotText)
    ));
    assert!(matches!(
        Records::open(b"\xff\xfe"),
        Err(RecordsError::NotText)
    ));
    assert!(matches!(
        Records::open(b"PAR1"),
        Err(RecordsError::Parquet(_))
    ));
}
