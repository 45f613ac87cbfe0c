//! Packs that the site hosts: offered first, loaded with their sums checked, damaged ones named.

use super::{builder, wait_for_model};
use browser_tests::run::open_picker;
use browser_tests::{Manner, Page, PageBuilder, model};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The page's small CLIP in int8, in several shards, written by the terminal.
static PACK: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let out = model::folder().join(format!("pack-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&out);
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../public/clip");
    let output = std::process::Command::new(program)
        .args([
            "pack", "--dtype", "int8", "--shard", "1MB", "--name", "Shapes",
        ])
        .args([
            "--licence",
            "MIT",
            "--source",
            "https://huggingface.co/laion",
        ])
        .args(["--classes", "captions-of-the-samples"])
        .arg("--images")
        .arg(clip.join("samples"))
        .arg("--weights")
        .arg(clip.join("shapes.safetensors"))
        .arg("--out")
        .arg(&out)
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{output:?}");
    let paths = std::fs::read_dir(&out).expect("a pack");
    let paths: Vec<PathBuf> = paths.map(|file| file.unwrap().path()).collect();
    let file = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    let files = paths.iter().map(file).collect();
    std::fs::remove_dir_all(&out).unwrap();
    files
});

/// The page of a site that hosts the pack, `damage` of whose files is done.
fn hosting(damage: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PageBuilder {
    let list = br#"{"packs": ["packs/shapes/"]}"#.to_vec();
    let mut page = builder().serve("models.json", list, Manner::Whole);
    for (name, bytes) in PACK.iter() {
        if let Some(bytes) = damage(name, bytes.clone()) {
            page = page.serve(&format!("packs/shapes/{name}"), bytes, Manner::Whole);
        }
    }
    page
}

/// Opens the list of models, and downloads the pack.
fn download(page: &Page) {
    open_picker(page);
    page.wait_for("document.querySelector('#from-this-site button')");
    page.click("#from-this-site button");
}

#[test]
fn a_pack_of_the_site_is_offered_first_and_loads() {
    let page = hosting(|_, bytes| Some(bytes)).open("?page=run");
    open_picker(&page);
    page.wait_for("document.querySelector('#from-this-site button')");
    // Before all other checkpoints.
    page.wait_for("document.querySelector('#checkpoints h3').textContent === 'From this site'");
    let offer = page.text("#from-this-site");
    for part in [
        "Shapes in int8; licence MIT.",
        "10 of 10 images have the same first class",
        "Download 2.5 MB from 127.0.0.1",
    ] {
        assert!(offer.contains(part), "{part}: {offer}");
    }
    page.screenshot("run-site-packs-light", 1280, 900, false);
    page.screenshot("run-site-packs-dark", 1280, 900, true);
    page.screenshot("run-site-packs-phone", 360, 800, false);
    page.click("#from-this-site button");
    wait_for_model(&page, "Shapes, int8");
    // The samples are what the original says they are.
    page.wait_for_text("10 classes are ready.");
    page.wait_for("document.querySelector('#from-this-site .aside')?.textContent === 'In use'");
    // The next visit needs none of it.
    page.go("?page=run");
    open_picker(&page);
    page.wait_for("document.querySelector('#from-this-site button')?.textContent === 'Load'");
    page.click("#from-this-site button");
    wait_for_model(&page, "Shapes, int8");
    let shards = page.requests();
    let shards = shards
        .iter()
        .filter(|r| r.path.contains("packs/shapes/model-"));
    let written = PACK.iter().filter(|(name, _)| name.starts_with("model-"));
    assert_eq!(shards.count(), written.count(), "each was fetched once");
}

#[test]
fn a_shard_of_the_site_that_is_missing_short_or_another_is_named() {
    let second = |name: &str| name.starts_with("model-00002-of-");
    let short = |name: &str, mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() - if second(name) { 500 } else { 0 });
        Some(bytes)
    };
    let another = |name: &str, mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= u8::from(second(name));
        Some(bytes)
    };
    let missing = |name: &str, bytes: Vec<u8>| (!second(name)).then_some(bytes);
    for (kind, page, sentence) in [
        ("short", hosting(short), "bytes where pack.json says"),
        (
            "another",
            hosting(another),
            "another SHA-256 than pack.json says",
        ),
        (
            "missing",
            hosting(missing).tolerate("model-00002"),
            "There is no file",
        ),
    ] {
        let page = page.open("?page=run");
        download(&page);
        page.wait_for("document.querySelector('.download .error')");
        let said = page.text(".download .error");
        assert!(said.contains(sentence), "{kind}: {said}");
        assert!(said.contains("model-00002-of-"), "{kind}: {said}");
        // The model before still answers.
        wait_for_model(&page, "Shapes");
    }
}

#[test]
fn a_list_that_names_no_pack_says_so() {
    let list = br#"{"packs": ["packs/nothing", "packs/other"]}"#.to_vec();
    let page = builder()
        .serve("models.json", list, Manner::Whole)
        .serve("packs/other/pack.json", b"{}".to_vec(), Manner::Whole)
        .tolerate("pack.json")
        .open("?page=run");
    open_picker(&page);
    page.wait_for_text("This site’s packs/nothing/pack.json is missing.");
    page.wait_for_text("This site’s packs/other/pack.json is no pack.");
}
