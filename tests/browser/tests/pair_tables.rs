//! The tab Pairs, given a table: of images beside it, or with the images in it.

use crate::pairs::{NEAR, open, terminal};
use browser_tests::Page;
use browser_tests::run::{keep_saved, saved};
use std::path::Path;

const DONE: &str = "document.querySelector('#pairs .embedded')";

/// A column of numbers of a table without quotes.
fn numbers(csv: &str, column: &str) -> Vec<f64> {
    let mut lines = csv
        .lines()
        .map(|line| line.split(',').collect::<Vec<&str>>());
    let header = lines.next().expect("a header");
    let at = header.iter().position(|name| *name == column);
    let at = at.expect("the column");
    lines
        .map(|cells| cells[at].parse().expect("a number"))
        .collect()
}

/// Gives a folder with a table, which an expression of JavaScript makes, and images.
fn give(page: &Page, table: &str, name: &str, images: &str) {
    page.eval(&format!(
        "(async () => {{
            const canvas = new OffscreenCanvas(64, 64);
            canvas.getContext('2d').fillRect(8, 8, 40, 40);
            const image = await canvas.convertToBlob();
            const files = [...{images}.map(path => [path, image]), ['{name}', {table}]].map(([path, content]) => {{
                const file = new File([content], path.split('/').at(-1));
                Object.defineProperty(file, 'webkitRelativePath', {{value: 'set/' + path}});
                return file;
            }});
            const input = document.querySelector('#pairs input[name=\"Folder of pairs\"]');
            Object.defineProperty(input, 'files', {{value: Object.assign(files, {{item: (i) => files[i]}}), configurable: true}});
            input.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()"
    ));
}

#[test]
fn a_table_names_images_and_texts() {
    let page = open(keep_saved(Page::builder()));
    let images = "['images/a.png', 'images/b.png', 'more/b.png', 'images/c.png']";
    // open_clip's columns, tabs between them; a path of another machine, one that fits two images, one that fits none.
    give(
        &page,
        "`filepath\ttitle\turl\n/data/set/images/a.png\ta square, black\thttps://127.0.0.1:9/a\nb.png\twhich one\t\nd.png\tnone\t\nimages/c.png\t\t\nmore/b.png\tthis one\t\n`",
        "train.tsv",
        images,
    );
    page.wait_for(DONE);
    for sentence in [
        "Images were found by the ends of their paths: /data/set/images/a.png as images/a.png.",
        "b.png: it could be images/b.png or more/b.png",
        "d.png: it is not among the files that were given",
        "row 4: images/c.png has no text",
        "2 other files were given that the table does not name.",
    ] {
        page.wait_for_text(sentence);
    }
    let text = saved(&page, "Export the pairs (CSV)", "text/csv");
    assert!(
        text.contains("\"a square, black\"") && text.contains("this one"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3);

    // Which columns are meant is asked.
    give(
        &page,
        "`where,what,why\nimages/a.png,a black square,x\nimages/c.png,another,y\n`",
        "table.csv",
        images,
    );
    page.wait_for_text("Which columns of table.csv have the paths of the images, and the texts?");
    page.screenshot("pairs-columns", 1280, 800, false);
    let is_off = "document.querySelector('.read-table').disabled";
    assert_eq!(page.eval(is_off), true);
    page.set_value("#pairs select[name='Paths of the images']", "0");
    page.set_value("#pairs select[name='Texts']", "1");
    page.wait_for(&format!("!{is_off}"));
    page.click(".read-table");
    page.wait_for("document.querySelector('#pairs .embedded')?.innerText.startsWith('2 pairs')");
    assert!(!page.has(".columns"));

    // Addresses are no files; a table alone has no images; two tables are one too many.
    give(
        &page,
        "`url,caption\nhttps://127.0.0.1:9/a,x\n`",
        "laion.csv",
        images,
    );
    page.wait_for_text(
        "the table has addresses (column url) and no files; img2dataset downloads them",
    );
    give(&page, "`path,caption\na.png,x\n`", "alone.csv", "[]");
    page.wait_for_text("The images that alone.csv names are not here");
    give(
        &page,
        "`path,caption\na.png,x\n`",
        "one.csv",
        "['a.png', 'two.parquet']",
    );
    page.wait_for_text("There are several tables here, as two.parquet and one.csv");
}

#[test]
fn a_table_of_hugging_face_brings_its_images() {
    let page = open(keep_saved(Page::builder()));
    let table = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/pairs/tests/reference/hugging_face.parquet");
    let bytes = std::fs::read(&table).expect("the table");
    // Alone: its images are in groups of two rows.
    give(
        &page,
        &format!("new Uint8Array({bytes:?})"),
        "train-00000-of-00001.parquet",
        "[]",
    );
    page.wait_for(DONE);
    for sentence in [
        "images/c.png: it is not among the files that were given",
        "row 4: it names no picture",
        "row 5: e.bmp has no text",
    ] {
        page.wait_for_text(sentence);
    }
    // Read again, to be shown.
    page.wait_for("(all => all.length === 2 && all.every(i => i.naturalHeight === 8))([...document.querySelectorAll('#pairs .near img')])");
    let text = saved(&page, "Export the pairs (CSV)", "text/csv");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.len() == 3
            && lines[1].starts_with("a,first,")
            && lines[2].starts_with("row 2,second,"),
        "{text}"
    );
    // The terminal's cosines, by its own decoders.
    let out = std::env::temp_dir().join(format!("refit-hugging-face-{}", std::process::id()));
    let csv = out.with_extension("csv");
    let arguments = [
        table.to_str().expect("a path"),
        "--min-score=-1",
        "--write-csv",
        csv.to_str().expect("a path"),
    ];
    let told = terminal("filter", &arguments);
    assert_eq!(told["kept"], 2, "{told}");
    let theirs = std::fs::read_to_string(&csv).expect("a table");
    for (ours, theirs) in numbers(&text, "score")
        .iter()
        .zip(numbers(&theirs, "similarity"))
    {
        assert!((ours - theirs).abs() < NEAR, "{ours} {theirs}");
    }
    std::fs::remove_file(csv).expect("a file");
}
