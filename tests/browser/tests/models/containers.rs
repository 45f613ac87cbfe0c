//! Checkpoints as people have them: in several files, as TorchScript, with a configuration; and
//! pictures as Chromium decodes them.

use super::{READY, drawn, drop_files, save, shown};
use browser_tests::run::{open_picker, wait_for_about};
use browser_tests::{Manner, Page, PageBuilder};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/clip/tests/reference/containers/page")
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).expect("a container")
}

/// A page whose site serves these files under `made/`.
fn serving(paths: &[&str]) -> PageBuilder {
    let builder = Page::builder().tolerate("config.json");
    paths.iter().fold(builder, |builder, path| {
        builder.serve(&format!("made/{path}"), bytes(path), Manner::Whole)
    })
}

/// Gives files that the site serves to an event of an element: a choice or a drop.
fn give(page: &Page, paths: &[&str], then: &str) {
    let names = serde_json::to_string(paths).expect("names");
    page.eval(&format!(
        "Promise.all({names}.map(path => fetch(`made/${{path}}`).then(answer => answer.blob())
                .then(blob => new File([blob], path.split('/').pop()))))
            .then(files => {{
                const data = new DataTransfer();
                for (const file of files) data.items.add(file);
                {then}
            }})"
    ));
}

const CHOOSE: &str = "const input = document.querySelector('input[name=Checkpoint]');
    input.files = data.files;
    input.dispatchEvent(new Event('change', {bubbles: true}));";
const DROP: &str = "document.querySelector('.model').dispatchEvent(
    new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));";

fn open(builder: PageBuilder) -> Page {
    let page = builder.open("?page=run");
    page.wait_for(READY);
    open_picker(&page);
    page.wait_for("document.querySelector('input[name=Checkpoint]')");
    page.set_value("textarea[name=Classes]", "a cat\na dog\nsomething else");
    page.set_value("textarea[name=Templates]", "a photo of {}.");
    page
}

/// The terminal's answer for a file, with more arguments.
fn terminal(checkpoint: &str, picture: &Path, more: &[&str]) -> Value {
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = Command::new(program)
        .args([
            "classify",
            "--json",
            "--labels",
            "a cat,a dog,something else",
        ])
        .args(["--template", "a photo of {}.", "--weights"])
        .arg(folder().join(checkpoint))
        .args(more)
        .arg(picture)
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Waits for a model of this name, gives it a picture, and compares with the terminal.
fn answers_as_the_terminal(page: &Page, name: &str, checkpoint: &str, more: &[&str]) {
    super::wait_for_model(page, name);
    let file = drawn(&format!("{name}.png"), 60, 40);
    drop_files(page, std::slice::from_ref(&file));
    page.wait_for("document.querySelectorAll('.bars li').length === 3");
    let picture = save(page, &file, &format!("drawn-{name}.png"));
    let expected = terminal(checkpoint, &picture, more);
    let labels = expected["pictures"][0]["labels"]
        .as_array()
        .expect("labels");
    for (label, probability) in shown(page) {
        let theirs = labels.iter().find(|theirs| theirs["label"] == *label);
        let theirs = theirs.and_then(|theirs| theirs["probability"].as_f64());
        let off = (theirs.expect("the label") - probability).abs();
        assert!(off < 1e-4, "{label}: {probability} {theirs:?}");
    }
}

const SHARDED: [&str; 4] = [
    "sharded/model-00001-of-00002.safetensors",
    "sharded/model-00002-of-00002.safetensors",
    "sharded/model.safetensors.index.json",
    "sharded/config.json",
];

#[test]
fn files_that_belong_together_are_chosen_together() {
    let page = open(serving(&SHARDED));
    give(&page, &SHARDED, CHOOSE);
    answers_as_the_terminal(&page, "model.safetensors.index.json", "sharded", &[]);
    wait_for_about(&page, "QuickGELU (from the configuration)");
    page.screenshot("run-card-light", 1280, 900, false);
    // A part is missing.
    give(&page, &SHARDED[1..], CHOOSE);
    page.wait_for_text("there is no model-00001-of-00002.safetensors; choose all files together");
}

#[test]
fn an_index_on_a_server_names_its_files() {
    let page = open(serving(&SHARDED));
    let address =
        page.eval("new URL('made/sharded/model.safetensors.index.json', document.baseURI).href");
    page.set_value("input[name=Address]", address.as_str().expect("an address"));
    page.click("form button[type=submit]");
    answers_as_the_terminal(&page, "model.safetensors.index.json", "sharded", &[]);
    // The configuration is kept with the download.
    page.go("?page=run");
    page.wait_for(READY);
    open_picker(&page);
    page.wait_for("document.querySelector('.cached button')");
    page.click(".cached button");
    super::wait_for_model(&page, "model.safetensors.index.json");
    wait_for_about(&page, "QuickGELU (from the configuration)");
}

#[test]
fn a_torchscript_archive_is_read_and_its_assumptions_said() {
    let page = open(serving(&["script.pt"]));
    give(&page, &["script.pt"], CHOOSE);
    answers_as_the_terminal(&page, "script.pt", "script.pt", &[]);
    page.wait_for_text("No shape tells how wide the heads of the image tower are");
    page.wait_for_text("GELU is assumed; choose the other below");
    let before = shown(&page);
    page.set_value("select[name=Activation]", "QuickGELU");
    wait_for_about(&page, "QuickGELU (chosen)");
    page.wait_for("document.querySelectorAll('.bars li').length === 3");
    assert_ne!(shown(&page), before);
    let more = ["--activation", "quick-gelu"];
    answers_as_the_terminal(&page, "script.pt", "script.pt", &more);
}

#[test]
fn a_configuration_is_dropped_with_its_checkpoint() {
    let both = [
        "configured/open_clip_model.safetensors",
        "configured/open_clip_config.json",
    ];
    let page = open(serving(&both));
    give(&page, &both, DROP);
    answers_as_the_terminal(&page, "open_clip_model.safetensors", "configured", &[]);
    wait_for_about(
        &page,
        "Images: squashed to 4 × 4, bilinear, mean 0.5, standard deviation 0.5 (from the configuration)",
    );
}

#[test]
fn the_average_beside_the_weights_is_a_choice() {
    let page = open(serving(&["averaged.pt"]));
    give(&page, &["averaged.pt"], CHOOSE);
    answers_as_the_terminal(&page, "averaged.pt", "averaged.pt", &[]);
    page.wait_for_text(
        "the weights under “state_dict” were taken, not those under “state_dict_ema”",
    );
    page.set_value("select[name=Weights]", "state_dict_ema");
    page.wait_for_text("the weights under “state_dict_ema” were taken");
    let more = ["--weights-key", "state_dict_ema"];
    answers_as_the_terminal(&page, "averaged.pt", "averaged.pt", &more);
}

/// The page decodes JPEGs with the browser's decoder; that gives Pillow's pixels.
#[test]
fn chromium_decodes_jpegs_as_pillow() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/pictures");
    let pictures = std::fs::read(reference.join("pictures.bin")).expect("pictures");
    let cases = std::fs::read_to_string(reference.join("pictures.json")).expect("cases");
    let page = Page::builder()
        .serve("made/pictures.bin", pictures, Manner::Whole)
        .open("?page=run");
    page.wait_for(READY);
    let wrong = page.eval(&format!(
        "(async () => {{
            const bytes = await (await fetch('made/pictures.bin')).arrayBuffer();
            const wrong = [];
            let compared = 0;
            for (const picture of {cases}) {{
                // Chromium turns inks into colours itself.
                if (!picture.name.endsWith('.jpg') || picture.mode === 'CMYK') continue;
                const file = new Blob([bytes.slice(picture.at, picture.at + picture.length)]);
                const bitmap = await createImageBitmap(file,
                    {{premultiplyAlpha: 'none', colorSpaceConversion: 'none', imageOrientation: 'from-image'}});
                const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
                const context = canvas.getContext('2d', {{willReadFrequently: true}});
                context.drawImage(bitmap, 0, 0);
                const {{data}} = context.getImageData(0, 0, bitmap.width, bitmap.height);
                let hash = 0xcbf29ce484222325n;
                const channels = picture.mode === 'L' ? 1 : 3;
                for (let i = 0; i < data.length; i += 4) for (let c = 0; c < channels; c++)
                    hash = BigInt.asUintN(64, (hash ^ BigInt(data[i + c])) * 0x100000001b3n);
                const is = hash.toString(16).padStart(16, '0');
                if (is !== picture.fnv1a64 || bitmap.width !== picture.width) wrong.push(picture.name);
                compared += 1;
            }}
            return [compared, wrong];
        }})()"
    ));
    assert_eq!(wrong[1], serde_json::json!([]));
    assert!(wrong[0].as_u64() > Some(85), "{wrong}");
}
