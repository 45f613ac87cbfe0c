//! Tables of pandas, open_clip and others.

use crate::file;
use refit_pairs::records::{ColumnError, PairColumns, Purpose, Records, RecordsError, choose};
use serde_json::Value;

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
    assert_eq!(
        table.columns(),
        ["image_path", "caption", "width", "exif.a"]
    );
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

/// What a table says of its pictures and texts, with problems at its end.
fn pairs(file: &str) -> (Vec<(String, String)>, Option<RecordsError>) {
    let table = Records::open(file.as_bytes()).unwrap();
    let names = table.columns();
    let first = [Purpose::Picture, Purpose::Text].map(|p| choose(&names, p, None).unwrap());
    let columns = PairColumns::new(&table, first);
    let mut found = Vec::new();
    let read = table.read(columns.places(), None, &mut |row, cells| {
        found.extend(
            columns
                .pairs(row, cells)
                .into_iter()
                .map(|pair| match pair {
                    Ok(pair) => (pair.picture.name, pair.text),
                    Err(reason) => ("problem".to_owned(), reason),
                }),
        );
        true
    });
    (found, read.err())
}

/// The layouts in which public sets have their captions: rows of the same three texts of two pictures.
#[test]
fn layouts_of_public_sets_are_read() {
    let karpathy = r#"{"dataset": "coco", "images": [
        {"filepath": "val2014", "filename": "a.jpg", "split": "test", "sentences": [{"raw": "one, two", "tokens": ["one"]}, {"raw": "three"}]},
        {"filepath": "val2014", "filename": "b.jpg", "split": "val", "sentences": [{"raw": "four"}]}]}"#;
    let coco = r#"{"info": {}, "licenses": [], "images": [
        {"id": 9, "file_name": "a.jpg", "height": 2, "width": 3}, {"id": 7, "file_name": "b.jpg"}],
        "annotations": [{"image_id": 9, "id": 1, "caption": "one, two"}, {"image_id": 9, "id": 2, "caption": "three"},
        {"image_id": 7, "id": 3, "caption": "four"}]}"#;
    for (layout, file, folder) in [
        (
            "Kaggle's Flickr8k, captions.txt",
            "image,caption\na.jpg,\"one, two\"\na.jpg,three\nb.jpg,four\n",
            "",
        ),
        (
            "Flickr30k, results.csv",
            "image_name| comment_number| comment\na.jpg| 0| one, two\na.jpg| 1| three\nb.jpg| 0| four\n",
            "",
        ),
        (
            "Flickr8k.token.txt",
            "a.jpg#0\tone, two\na.jpg#1\tthree\nb.jpg#0\tfour\n",
            "",
        ),
        (
            "Hugging Face's metadata.jsonl",
            "{\"file_name\": \"a.jpg\", \"text\": \"one, two\"}\n\n{\"file_name\": \"a.jpg\", \"text\": \"three\"}\n{\"text\": \"four\", \"file_name\": \"b.jpg\"}",
            "",
        ),
        (
            "Hugging Face's metadata.csv",
            "\u{feff}file_name,text\r\na.jpg,\"one, two\"\r\na.jpg,three\r\nb.jpg,four\r\n",
            "",
        ),
        (
            "BLIP's lists of captions",
            r#"[{"image": "a.jpg", "caption": ["one, two", "three"]}, {"image": "b.jpg", "caption": "four", "image_id": 3}]"#,
            "",
        ),
        ("COCO's captions", coco, ""),
        ("Karpathy's splits", karpathy, "val2014/"),
        (
            "a map from files to texts",
            r#"{"a.jpg": ["one, two", "three"], "b.jpg": "four"}"#,
            "",
        ),
        (
            "semicolons",
            "path;caption\na.jpg;one, two\na.jpg;three\nb.jpg;four\n",
            "",
        ),
        (
            "an object with a list",
            r#"{"version": 1, "data": [{"img_path": "a.jpg", "caption": "one, two"}, {"img_path": "a.jpg", "caption": "three"}, {"img_path": "b.jpg", "caption": "four"}]}"#,
            "",
        ),
    ] {
        let (found, problem) = pairs(file);
        let expected = [("a", "one, two"), ("a", "three"), ("b", "four")];
        let expected =
            expected.map(|(name, text)| (format!("{folder}{name}.jpg"), text.to_owned()));
        assert_eq!(found, expected, "{layout}");
        assert_eq!(problem, None, "{layout}");
    }
}

#[test]
fn what_a_table_in_json_cannot_say_is_said() {
    let (found, problem) = pairs(
        "{\"image\": \"a.jpg\", \"text\": \"one\"}\n{\"image\": \"b.jpg\"\n[1]\n{\"image\": null, \"text\": \"two\"}\n",
    );
    assert_eq!(found[0], ("a.jpg".to_owned(), "one".to_owned()));
    assert_eq!(
        found[1],
        ("problem".to_owned(), "it names no picture".to_owned())
    );
    let problem = problem.unwrap().to_string();
    assert!(
        problem.contains("2 of its entries") && problem.contains("the first is 2"),
        "{problem}"
    );
    for file in ["{", "[]", "[1, 2]", "{\"a\": 1}", "{}", "[{\"image\":"] {
        assert!(
            matches!(
                Records::open(file.as_bytes()),
                Err(RecordsError::Json { .. })
            ),
            "{file}"
        );
    }
    // Conceptual Captions: texts and addresses, without names.
    let table =
        Records::open(b"a cat\thttp://127.0.0.1/a.jpg\nb\thttp://127.0.0.1/b.jpg\n").unwrap();
    assert_eq!(table.columns(), ["text", "url"]);
    assert!(
        table
            .assumed()
            .unwrap()
            .ends_with("they are taken for text, url.")
    );
    assert!(matches!(
        choose(&table.columns(), Purpose::Picture, None),
        Err(ColumnError::Addresses { .. })
    ));
    // LLaVA's conversations are no texts.
    let table = Records::open(
        br#"[{"id": "1", "image": "a.jpg", "conversations": [{"from": "human", "value": "x"}]}]"#,
    )
    .unwrap();
    assert!(matches!(
        choose(&table.columns(), Purpose::Text, None),
        Err(ColumnError::None { .. })
    ));
    assert_eq!(Records::open(b"a,b\n").unwrap().assumed(), None);
}

/// A pair's key, its picture's name and first bytes, its text and what else is said of it.
type Told = (String, String, Vec<u8>, String, String);

/// Each pair of a table, or what is wrong with it.
fn with_images(name: &str) -> Vec<Result<Told, String>> {
    let file = file(name);
    let table = Records::open(&file).unwrap();
    let names = table.columns();
    let first = [Purpose::Picture, Purpose::Text].map(|p| choose(&names, p, None).unwrap());
    let columns = PairColumns::new(&table, first);
    let mut found = Vec::new();
    let read = table.read(columns.places(), None, &mut |row, cells| {
        let pairs = columns.pairs(row, cells).into_iter().map(|pair| {
            let pair = pair?;
            let first = pair.picture.bytes.iter().take(3).copied().collect();
            let said = Value::Object(pair.metadata).to_string();
            Ok((pair.key, pair.picture.name, first, pair.text, said))
        });
        found.extend(pairs);
        true
    });
    read.unwrap();
    found
}

#[test]
fn a_table_of_hugging_face_has_its_images() {
    let file = file("hugging_face.parquet");
    let table = Records::open(&file).unwrap();
    let Records::Parquet(parquet) = &table else {
        panic!("no Parquet file");
    };
    assert_eq!(parquet.groups(), [0..2, 2..4, 4..5]);
    assert_eq!(parquet.skipped(), ["labels"]);
    let of = |key: &str, name: &str, first: &[u8], text: &str, said: &str| {
        let [key, name, text, said] = [key, name, text, said].map(str::to_owned);
        Ok((key, name, first.to_vec(), text, said))
    };
    // The third's bytes are in a file; the fourth has neither; the fifth no text.
    let expected = [
        of(
            "a",
            "a.jpg",
            &[0xff, 0xd8, 0xff],
            "first",
            r#"{"filename":"0.jpg","image.path":"a.jpg","license":1}"#,
        ),
        of(
            "row 2",
            "row 2",
            b"\x89PN",
            "second",
            r#"{"filename":"1.jpg","license":2}"#,
        ),
        of(
            "images/c",
            "images/c.png",
            b"",
            "third",
            r#"{"filename":"2.jpg","image.path":"images/c.png"}"#,
        ),
        Err("it names no picture".to_owned()),
        Err("e.bmp has no text".to_owned()),
    ];
    assert_eq!(with_images("hugging_face.parquet"), expected);
}

#[test]
fn a_table_of_img2dataset_has_its_images() {
    let found = with_images("img2dataset.parquet");
    let firsts: [&[u8]; 4] = [&[0xff, 0xd8, 0xff], b"\x89PN", b"RIF", b"GIF"];
    for (i, (row, first)) in found.iter().zip(firsts).enumerate() {
        let (key, name, bytes, ..) = row.as_ref().unwrap();
        let expected = format!("{i:09}");
        assert_eq!((key, name, &**bytes), (&expected, &expected, first));
    }
    assert_eq!(found[4], Err("it names no picture".to_owned()));
}

/// A text each, where a row has several; quotes, commas and line breaks are theirs.
#[test]
fn lists_of_captions_are_pairs_each() {
    let found = with_images("captions.parquet");
    let texts: Vec<Result<String, String>> = found
        .into_iter()
        .map(|row| row.map(|(key, _, _, text, _)| format!("{key}: {text}")))
        .collect();
    let is = |text: &str| Ok(text.to_owned());
    let no_text = |row: &str| Err(format!("{row} has no text"));
    let expected = [
        is("a: one, two"),
        is("a: \"three\"\nfour"),
        is("b: five"),
        no_text("c.jpg"),
        no_text("d.jpg"),
        is("e: six"),
        is("e: seven"),
        no_text("e.jpg"),
    ];
    assert_eq!(texts, expected);
}
