//! Results on the page compared with the terminal, and exports.

use super::{READY, builder, classifies_as_the_terminal, drawn, drop_files, save, shown};
use browser_tests::model;
use browser_tests::run::{keep_saved, open_tab, saved};
use serde_json::Value;

#[test]
fn the_page_classifies_as_the_terminal() {
    classifies_as_the_terminal("best");
}

#[test]
fn results_of_many_images_are_in_a_table_and_in_exports() {
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
    page.wait_for_text("cannot decode the file as an image");

    // True classes from a CSV.
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
    page.wait_for_text(
        "Accuracy: 50.00 %, 1 of 2 images; 95 % confidence interval 9.45 % to 90.55 %",
    );
    let matrix = page.eval(
        "[...document.querySelectorAll('.confusion tbody tr')].map(row => [...row.children].map(cell => cell.textContent))",
    );
    // A correct prediction has more than a frame.
    let cells = matrix[0].as_array().expect("cells");
    assert_eq!(
        cells.iter().filter(|cell| *cell == "1 correct").count(),
        1,
        "{matrix}"
    );
    assert_eq!(matrix[1][0], "a horse");
    assert_eq!(matrix.as_array().map(Vec::len), Some(2));
    let heads = page.eval("document.querySelectorAll('.confusion th[scope=col]').length");
    assert_eq!(heads, cells.len() - 1);
    page.screenshot("run-table-light", 1280, 2200, false);
    page.screenshot("run-table-phone", 360, 2600, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    let csv = saved(&page, "Export CSV", "text/csv");
    assert_eq!(csv.lines().count(), 1 + 10 * 2);
    let json: Value =
        serde_json::from_str(&saved(&page, "Export JSON", "application/json")).expect("JSON");
    assert_eq!(json["pictures"].as_array().map(Vec::len), Some(10));
    assert_eq!(json["pictures"][1]["shows"], "a horse");
    assert_eq!(json["accuracy"]["right"], 1);
    assert_eq!(json["accuracy"]["counts"].as_array().map(Vec::len), Some(2));
    let csv = saved(&page, "Export confusion matrix (CSV)", "text/csv");
    assert!(
        csv.starts_with("shows,") && csv.contains("\na horse,"),
        "{csv}"
    );

    // With many classes only the most frequent confusions are shown.
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
    page.wait_for_text("Accuracy: 0.00 %, 0 of 30 images");
    page.wait_for("document.querySelectorAll('.pairs li').length === 12");
    assert!(!page.has(".confusion"));
}

#[test]
fn lists_and_templates_can_be_chosen_and_saved() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    let file = drawn("list.png", 80, 80);
    drop_files(&page, std::slice::from_ref(&file));
    page.set_value("select[name=List]", "CIFAR-10");
    page.set_value("select[name='Template list']", "CLIP’s 7");
    page.wait_for_text("10 classes are ready.");
    page.wait_for("document.querySelector('.bars li')");
    // The mean of the prompts' embeddings, as in the terminal.
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

    // The reader's own list.
    page.set_value("textarea[name=Classes]", "one\ntwo");
    page.set_value("input[name='List name']", "numbers");
    page.click("button.save-list");
    // A long one is computed only once, also across visits.
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
    // The reader's texts are still there.
    page.wait_for_text("1000 classes are ready.");
    page.set_value("select[name=List]", "numbers");
    page.wait_for_text("2 classes are ready.");
}

#[test]
fn images_are_found_by_text_and_by_image() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    // Images of forty kinds: the embeddings of equal files come from the cache.
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
    open_tab(&page, "search");
    page.set_value("input[name=Query]", "a red square");
    page.click("section form.choices:has([name=Query]) button[type=submit]");
    page.wait_for("document.querySelectorAll('section ol.thumbnails li').length === 12");
    assert!(page.text(".found").starts_with("2000 images searched"));
    println!("{}", page.text(".found"));
    // The nearest image to an image is itself.
    page.click("section form.choices:has([name=Query]) button[type=button]");
    page.wait_for(
        "Math.abs(document.querySelector('section ol.thumbnails li').dataset.cosine - 1) < 1e-4",
    );
    page.screenshot("run-search-light", 1280, 2600, false);
}

#[test]
fn camera_frames_are_classified() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    page.wait_for_text("10 classes are ready.");
    open_tab(&page, "camera");
    page.click("button.camera");
    page.wait_for("document.querySelector('.live .bars li')");
    page.screenshot("run-camera-light", 1280, 2200, false);
    page.click("button.camera");
    page.wait_for("!document.querySelector('.live')?.offsetParent");
    // Adding images still works.
    drop_files(&page, &[drawn("after.png", 64, 64)]);
    open_tab(&page, "classify");
    page.wait_for("document.querySelector('#classify .answer .bars li')");
}
