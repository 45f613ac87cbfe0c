//! What the page says of pictures, held against the terminal, and what a reader takes away.

use super::{READY, builder, drawn, drop_files, save, says_as_the_terminal, shown};
use browser_tests::model;
use browser_tests::run::{keep_saved, saved};
use serde_json::Value;

#[test]
fn the_page_says_what_the_terminal_says() {
    says_as_the_terminal("best");
}

#[test]
fn many_pictures_are_told_in_a_table_and_in_files() {
    let page = keep_saved(builder()).open("?page=run");
    page.wait_for(READY);
    page.set_value("textarea[name=Classes]", "a cat\na dog");
    let files: Vec<String> = (0..10)
        .map(|i| drawn(&format!("{i}.png"), 40 + 8 * i, 64))
        .collect();
    drop_files(&page, &files);
    drop_files(
        &page,
        &["new File(['no picture'], '=bad.png', {type: 'image/png'})".to_owned()],
    );
    page.wait_for("document.querySelector('.count')?.innerText.includes('11 of 11')");
    page.wait_for("document.querySelectorAll('.answers tbody tr').length === 10");
    assert!(page.has(".thumbnails .failed"));
    page.click(".thumbnails .failed");
    page.wait_for_text("This is no picture");

    // What they show, from a table.
    page.eval(
        "(() => {
            const first = document.querySelector('.answers tbody tr td:nth-child(3)').textContent;
            const label = first.startsWith('a cat') ? 'A_CAT' : 'A_dog';
            const data = new DataTransfer();
            data.items.add(new File([`0.png,${label}\\n1.png,a horse\\n`], 'labels.csv', {type: 'text/csv'}));
            const input = document.querySelector('input[name=Labels]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {bubbles: true}));
        })()",
    );
    page.wait_for_text("Right in 1 of 2 pictures: 50.00 %; 95 % interval 9.45 % to 90.55 %");
    let matrix = page.eval(
        "[...document.querySelectorAll('.confusion tbody tr')].map(row => [...row.children].map(cell => cell.textContent))",
    );
    // What is right is not told by its frame alone.
    let said = matrix[0].as_array().expect("cells");
    assert_eq!(
        said.iter().filter(|cell| *cell == "1 right").count(),
        1,
        "{matrix}"
    );
    assert_eq!(matrix[1][0], "a horse");
    assert_eq!(matrix.as_array().map(Vec::len), Some(2));
    let heads = page.eval("document.querySelectorAll('.confusion th[scope=col]').length");
    assert_eq!(heads, said.len() - 1);
    page.screenshot("run-table-light", 1280, 2200, false);
    page.screenshot("run-table-phone", 360, 2600, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    page.click(".toolbar button:nth-child(1)");
    let csv = saved(&page, "Save CSV", "text/csv");
    assert_eq!(csv.lines().count(), 1 + 10 * 2);
    let json: Value =
        serde_json::from_str(&saved(&page, "Save JSON", "application/json")).expect("JSON");
    assert_eq!(json["pictures"].as_array().map(Vec::len), Some(10));
    assert_eq!(json["pictures"][1]["shows"], "a horse");
    assert_eq!(json["accuracy"]["right"], 1);
    assert_eq!(json["accuracy"]["counts"].as_array().map(Vec::len), Some(2));
    let csv = saved(&page, "Save what is taken for what (CSV)", "text/csv");
    assert!(
        csv.starts_with("shows,") && csv.contains("\na horse,"),
        "{csv}"
    );

    // Of many classes only what is confused most often.
    let more: Vec<String> = (10..30)
        .map(|i| drawn(&format!("{i}.png"), 40 + 8 * i, 64))
        .collect();
    drop_files(&page, &more);
    page.wait_for("document.querySelector('.count').innerText.includes('31 of 31')");
    page.eval(
        "(() => {
            const data = new DataTransfer();
            const lines = Array.from({length: 30}, (_, i) => `${i}.png,kind ${i}\n`);
            data.items.add(new File(lines, 'labels.csv', {type: 'text/csv'}));
            const input = document.querySelector('input[name=Labels]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {bubbles: true}));
        })()",
    );
    page.wait_for_text("Right in 0 of 30 pictures");
    page.wait_for("document.querySelectorAll('.pairs li').length === 12");
    assert!(!page.has(".confusion"));
}

#[test]
fn lists_and_templates_are_ready_and_kept() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    let file = drawn("list.png", 80, 80);
    drop_files(&page, std::slice::from_ref(&file));
    page.set_value("select[name=List]", "CIFAR-10");
    page.set_value("select[name='Template list']", "CLIP’s 7");
    page.wait_for_text("10 classes are ready.");
    page.wait_for("document.querySelector('.bars li')");
    // The mean of unit vectors, as the terminal takes it.
    let path = save(&page, &file, "list.png");
    let templates = page.eval("document.querySelector('textarea[name=Templates]').value");
    let templates = templates
        .as_str()
        .expect("text")
        .lines()
        .collect::<Vec<_>>();
    assert_eq!(templates.len(), 7);
    let labels = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck";
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let mut command = std::process::Command::new(program);
    command
        .arg("classify")
        .arg("--json")
        .args(["--labels", labels]);
    command
        .arg("--weights")
        .arg(model::folder().join("small.safetensors"));
    for template in templates {
        command.args(["--template", template]);
    }
    let output = command.arg(&path).output().expect("the terminal runs");
    let theirs: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first = &theirs["pictures"][0]["labels"][0];
    page.wait_for(&format!(
        "document.querySelector('.bars li').dataset.label === '{}'",
        first["label"].as_str().expect("a label")
    ));
    let probability = shown(&page)[0].1;
    let theirs = first["probability"].as_f64().expect("a number");
    assert!(
        (theirs - probability).abs() < 1e-4,
        "{probability} {theirs}"
    );

    // A list of one's own.
    page.set_value("textarea[name=Classes]", "one\ntwo");
    page.set_value("input[name='List name']", "numbers");
    page.click("button.keep");
    // A long one is not computed twice, on any day.
    page.set_value("select[name='Template list']", "One, for bare names");
    page.set_value("select[name=List]", "ImageNet, 1,000");
    page.wait_for_text("1000 classes are ready.");
    page.wait_for(
        "navigator.storage.getDirectory()
            .then(root => root.getDirectoryHandle('vectors'))
            .then(async folder => {
                for await (const name of folder.keys()) if (name.startsWith('classes-')) return true;
            })",
    );
    page.go("?page=run");
    // The reader's words are still there.
    page.wait_for_text("1000 classes are ready.");
    page.set_value("select[name=List]", "numbers");
    page.wait_for_text("2 classes are ready.");
}

#[test]
fn pictures_are_found_by_a_sentence_and_by_a_picture() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    // Ten thousand pictures of forty kinds: those that are alike are known by their bytes.
    page.eval(&format!(
        "(async () => {{
            const kinds = [];
            for (let i = 0; i < 40; i++) {{
                const canvas = new OffscreenCanvas(16, 16);
                const context = canvas.getContext('2d');
                context.fillStyle = `hsl(${{9 * i}} 90% 50%)`;
                context.fillRect(0, 0, 16, 16);
                kinds.push(await canvas.convertToBlob({{type: 'image/png'}}));
            }}
            const data = new DataTransfer();
            for (let i = 0; i < {COUNT}; i++)
                data.items.add(new File([kinds[i % 40]], `${{i}}.png`, {{type: 'image/png'}}));
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}));
        }})()",
        COUNT = 2000
    ));
    page.wait_for("document.querySelector('.count')?.innerText.startsWith('2000 of 2000')");
    page.set_value("input[name=Sentence]", "a red square");
    page.click("section form.choices:has([name=Sentence]) button[type=submit]");
    page.wait_for("document.querySelectorAll('section ol.thumbnails li').length === 12");
    assert!(page.text(".found").starts_with("2000 pictures searched"));
    println!("{}", page.text(".found"));
    // The nearest picture to a picture is itself.
    page.click("section form.choices:has([name=Sentence]) button[type=button]");
    page.wait_for(
        "Math.abs(document.querySelector('section ol.thumbnails li').dataset.cosine - 1) < 1e-4",
    );
    page.screenshot("run-search-light", 1280, 2600, false);
}

#[test]
fn a_camera_is_looked_at_live() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    page.wait_for_text("4 classes are ready.");
    page.click("button.camera");
    page.wait_for("document.querySelector('.live .bars li')");
    page.screenshot("run-camera-light", 1280, 2200, false);
    page.click("button.camera");
    page.wait_for("!document.querySelector('.live')?.offsetParent");
    // What is drawn by hand works on.
    drop_files(&page, &[drawn("after.png", 64, 64)]);
    page.wait_for("document.querySelector('#answer ~ .answer .bars li')");
}
