//! Search in a clip-retrieval folder that the reader drops: beside the terminal, with damaged parts, of unknown models.

use crate::pairs::{KEEP_FILES, NEAR, embedded, file, open, public, records, terminal};
use browser_tests::Page;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The terminal's indices: of the sample pairs in parts of 160, and of the sample images with addresses beside them.
static FOLDERS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("refit-page-index-{}", std::process::id()));
    let path = |name: &str| folder.join(name).display().to_string();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("images")).expect("a folder");
    let tar = public("pairs.tar").display().to_string();
    let index = path("index");
    terminal("index", &[&tar, "--out", &index, "--part", "160"]);
    for (i, name) in ["007", "014", "022"].iter().enumerate() {
        let image = public("samples").join(format!("{name}.png"));
        std::fs::copy(image, folder.join(format!("images/{name}.png"))).expect("a copy");
        let address = ["https://127.0.0.1:9/never.png", "javascript:alert(1)", ""][i];
        let text = format!("drawing number {name}");
        std::fs::write(path(&format!("images/{name}.txt")), text).expect("a text");
        let about = json!({"url": address}).to_string();
        std::fs::write(path(&format!("images/{name}.json")), about).expect("JSON");
    }
    terminal("index", &[&path("images"), "--out", &path("local")]);
    // The images lie beside the vectors, as a reader may have them.
    copy(&folder.join("images"), &folder.join("local/images"));
    folder
});

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).expect("a copy")),
        }
    }
}

/// Drops a folder where the page takes it.
pub(crate) fn give(page: &Page, folder: &Path) {
    // So that the page can be scrolled far enough for any place on it to lie under the mouse.
    page.eval(
        "document.body.style.paddingBottom = '100vh';
         scrollTo(0, 0);
         scrollBy(0, document.querySelector('#pairs .drop').getBoundingClientRect().top - 260);",
    );
    page.wait_for(
        "document.elementFromPoint(300, 300)?.closest('.drop') === document.querySelector('#pairs .drop')",
    );
    // Chromium gives no files of a path with .. in it.
    let folder = folder.canonicalize().expect("a folder");
    page.drop_paths(&[&folder]);
    page.eval("document.body.style.paddingBottom = ''");
}

pub(crate) fn opened(page: &Page, vectors: &str) {
    page.wait_for(&format!(
        "document.querySelector('.index .opened')?.innerText.startsWith('{vectors} vectors')"
    ));
}

pub(crate) fn ask(page: &Page, text: &str) {
    page.set_value(".index input[name='Text to find pairs']", text);
    search(page);
}

/// Searches, and waits for the answer.
pub(crate) fn search(page: &Page) {
    page.eval("document.querySelector('.index .found')?.setAttribute('data-scan', '')");
    page.click(".index .search-pairs");
    page.wait_for("document.querySelector('.index .found')?.dataset.scan");
}

/// Row and cosine of each result.
fn hits(page: &Page) -> Vec<(u64, f64)> {
    let found = page.eval(
        "[...document.querySelectorAll('.index .hits li')].map(li => [+li.dataset.row, +li.dataset.cosine])",
    );
    serde_json::from_value(found).expect("numbers")
}

/// As the terminal finds them; rows whose cosines are nearly equal may change places.
fn same(page: &Page, index: &Path, asked: &[&str]) -> Vec<Value> {
    let index = index.display().to_string();
    let found = terminal(
        "search",
        &[&["--index", &index, "--top", "100"], asked].concat(),
    );
    let theirs = found["hits"].as_array().expect("hits").clone();
    let ours = hits(page);
    assert_eq!(ours.len(), theirs.len());
    let score = |hit: &Value| hit["score"].as_f64().expect("a score");
    let worst = score(&theirs[theirs.len() - 1]);
    for ((row, ours), their) in ours.iter().zip(&theirs) {
        assert!((ours - score(their)).abs() < NEAR, "{ours} {their}");
        let same = theirs.iter().find(|hit| hit["row"].as_u64() == Some(*row));
        let near = same.map_or((ours - worst).abs(), |hit| (ours - score(hit)).abs());
        assert!(near < NEAR, "row {row}: {near}");
    }
    theirs
}

fn read(page: &Page) -> String {
    page.attribute(".index .found", "data-read").expect("bytes")
}

#[test]
fn a_dropped_index_is_searched_as_in_the_terminal() {
    let index = FOLDERS.join("index");
    let page = open(Page::builder());
    give(&page, &index);
    opened(&page, "500");
    assert!(page.text(".index .opened").contains("in 4 parts"));
    assert!(!page.has(".index .callout"), "the model is the index’s");
    assert!(!page.has(".index .problems"));

    ask(&page, "a red star");
    let theirs = same(&page, &index, &["--text", "a red star"]);
    let all = 500.0 * 2.0 * page_width(&page);
    assert_eq!(read(&page).parse(), Ok(all));
    let first = page.text(".index .hits li p");
    let caption = theirs[0]["caption"].as_str().expect("a caption");
    assert!(first.contains(caption), "{first}, {caption}");

    // Again, from memory; with a text that results are not like.
    page.set_value(
        ".index input[name='Text that results are not like']",
        "a photo",
    );
    search(&page);
    same(
        &page,
        &index,
        &["--text", "a red star", "--minus", "a photo"],
    );
    assert_eq!(read(&page), "0");

    // An image and a text together.
    page.set_value(".index input[name='Text that results are not like']", "");
    page.eval(
        "(async () => {
            const data = new DataTransfer();
            const image = await (await fetch('clip/samples/022.png')).blob();
            data.items.add(new File([image], '022.png', {type: 'image/png'}));
            const input = document.querySelector('.index input[type=file]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {bubbles: true}));
        })()",
    );
    page.wait_for("document.querySelector('.index .no-image')");
    search(&page);
    let image = public("samples/022.png").display().to_string();
    same(&page, &index, &["--text", "a red star", "--like", &image]);

    // More like two results: the mean of their own vectors, so that they come first.
    page.click(".index .no-image");
    page.set_value(".index input[name='Text to find pairs']", "");
    assert_eq!(
        page.eval("document.querySelector('.index .search-pairs').disabled"),
        true
    );
    let two: Vec<u64> = hits(&page)[3..5].iter().map(|(row, _)| *row).collect();
    page.eval(
        "[...document.querySelectorAll('.index .hits input')].slice(3, 5).forEach(box => box.click())",
    );
    page.wait_for_text("Like 2 of the results.");
    search(&page);
    let best: Vec<u64> = hits(&page)[..8].iter().map(|(row, _)| *row).collect();
    assert!(two.iter().all(|row| best.contains(row)), "{two:?} {best:?}");
    page.screenshot("pairs-index", 1280, 1500, false);
    page.screenshot("pairs-index-dark", 1280, 1500, true);
    page.screenshot("pairs-index-phone", 360, 2400, false);
    assert_eq!(
        page.eval("document.documentElement.scrollWidth > innerWidth"),
        false
    );
    page.click(".index .close-index");
    page.wait_for("!document.querySelector('.index')");
}

fn page_width(page: &Page) -> f64 {
    let told = page.text(".index .opened");
    let width = told
        .split("vectors of ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    width.expect("a width").parse().expect("a number")
}

#[test]
fn local_images_are_shown_and_addresses_load_nothing() {
    let page = open(Page::builder());
    give(&page, &FOLDERS.join("local"));
    opened(&page, "3");
    ask(&page, "a drawing");
    page.wait_for("(all => all.length === 3 && all.every(i => i.naturalWidth > 60))([...document.querySelectorAll('.index .hits img')])");
    let links = page.eval("[...document.querySelectorAll('.index .hits a')].map(a => a.href)");
    assert_eq!(links, json!(["https://127.0.0.1:9/never.png"]));
    let text = page.text(".index .hits");
    assert!(
        text.contains("drawing number 014") && text.contains("javascript:alert(1)"),
        "{text}"
    );
    let elsewhere = page.eval(
        "performance.getEntriesByType('resource').map(e => e.name)
            .filter(name => ![location.origin, 'blob:', 'data:'].some(start => name.startsWith(start)))",
    );
    assert_eq!(elsewhere, json!([]));
}

#[test]
fn damaged_parts_are_sentences_and_an_unknown_model_is_asked_for() {
    let folder = FOLDERS.join("damaged");
    copy(&FOLDERS.join("index"), &folder);
    let part = |name: &str| folder.join(name);
    std::fs::remove_file(part("refit.json")).expect("a record");
    // Rows of another part; Python objects; a file that is cut; metadata that are none.
    std::fs::copy(
        part("metadata/metadata_0003.parquet"),
        part("metadata/metadata_0000.parquet"),
    )
    .expect("a copy");
    let pickled =
        b"\x93NUMPY\x01\0\x39\0{'descr': '|O', 'fortran_order': False, 'shape': (3,), }\n";
    std::fs::write(part("img_emb/img_emb_0001.npy"), pickled).expect("a file");
    let vectors = std::fs::read(part("img_emb/img_emb_0002.npy")).expect("vectors");
    std::fs::write(part("img_emb/img_emb_0002.npy"), &vectors[..3000]).expect("a file");
    std::fs::write(part("metadata/metadata_0003.parquet"), "none").expect("a file");
    let page = open(Page::builder());
    give(&page, &folder);
    opened(&page, "180");
    for sentence in [
        "metadata_0000.parquet has 20 rows for 160 vectors",
        "img_emb_0001.npy cannot be read: it holds pickled Python objects",
        "img_emb_0002.npy has 3000 bytes, and its header asks for",
        "metadata_0003.parquet: ",
    ] {
        page.wait_for_text(sentence);
    }
    page.set_value(".index input[name='Text to find pairs']", "a red star");
    let is_off = "document.querySelector('.index .search-pairs').disabled";
    assert_eq!(page.eval(is_off), true);
    page.screenshot("pairs-index-asks", 1280, 900, false);
    page.click(".index .say-model");
    page.wait_for(&format!("!{is_off}"));
    search(&page);
    assert_eq!(hits(&page).len(), 100);
    assert!(page.text(".index .hits li p").contains("row "));

    // PyArrow's and NumPy's, of eight numbers.
    let theirs = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/pairs/tests/reference/clip_retrieval");
    give(&page, &theirs);
    opened(&page, "9");
    page.wait_for_text("The index’s vectors have 8 numbers, and those of Shapes ");
    assert_eq!(page.eval(is_off), true);

    // Metadata alone are no index.
    let alone = FOLDERS.join("alone");
    copy(&theirs.join("metadata"), &alone.join("img_emb_none"));
    std::fs::write(alone.join("img_emb_x.npy"), "x").expect("a file");
    give(&page, &alone);
    page.wait_for_text("alone: there are no vectors: clip-retrieval puts them into");
}

/// The numbers of a float16 file of vectors.
fn halves(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("vectors");
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let half = |bytes: &[u8; 2]| {
        let bits = u16::from_le_bytes(*bytes);
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let size = match exponent {
            0 => fraction * 2f64.powi(-24),
            _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
        };
        if bits >> 15 == 1 { -size } else { size }
    };
    let (halves, rest) = bytes[header..].as_chunks();
    assert!(rest.is_empty());
    halves.iter().map(half).collect()
}

#[test]
fn what_was_embedded_is_taken_away_as_an_index() {
    let folder = FOLDERS.join("taken");
    let page = embedded(Page::builder().before_load(KEEP_FILES));
    let bytes = file(&page, "#pairs .save-index", b"PK");
    let zip = zip::ZipArchive::new(std::io::Cursor::new(bytes));
    zip.expect("a zip").extract(&folder).expect("a folder");

    // The terminal's index of the same pairs.
    let theirs = FOLDERS.join("whole");
    let tar = public("pairs.tar").display().to_string();
    terminal("index", &[&tar, "--out", &theirs.display().to_string()]);
    for name in ["img_emb/img_emb_0000.npy", "text_emb/text_emb_0000.npy"] {
        let (ours, theirs) = (halves(&folder.join(name)), halves(&theirs.join(name)));
        assert_eq!(ours.len(), theirs.len());
        let far = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
        let far = far.fold(0.0, f64::max);
        assert!(far < NEAR, "{name}: {far}");
    }
    let rows = |folder: &Path| {
        records(
            &folder
                .join("metadata/metadata_0000.parquet")
                .display()
                .to_string(),
        )
    };
    let (ours, theirs) = (rows(&folder), rows(&theirs));
    assert_eq!((ours.len(), theirs.len()), (500, 500));
    for (mut ours, mut theirs) in ours.into_iter().zip(theirs) {
        let score = |row: &mut Value| row["similarity"].take().as_f64().expect("a cosine");
        assert!((score(&mut ours) - score(&mut theirs)).abs() < NEAR);
        assert_eq!(ours, theirs);
    }

    // It is searched here and there.
    give(&page, &folder);
    opened(&page, "500");
    assert!(!page.has(".index .callout"), "the model is the index’s");
    assert!(!page.has(".index .problems"));
    ask(&page, "a red star");
    same(&page, &folder, &["--text", "a red star"]);
    page.screenshot("pairs-taken", 1280, 1600, false);
}

#[test]
fn an_index_whose_file_is_taken_away_is_said_to_be_lost() {
    let folder = FOLDERS.join("lost");
    copy(&FOLDERS.join("index"), &folder);
    let page = open(Page::builder());
    give(&page, &folder);
    opened(&page, "500");
    std::fs::remove_file(folder.join("img_emb/img_emb_0001.npy")).expect("vectors");
    ask(&page, "a red star");
    page.wait_for_text("Rows 160 to 319 were not searched. ");
    let rows = hits(&page);
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|(row, _)| !(160..320).contains(row)));
}
