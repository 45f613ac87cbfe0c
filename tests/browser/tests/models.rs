//! Running a model in the page, with one whose weights are a formula.

use browser_tests::run::{in_workers, keep_saved, saved};
use browser_tests::{Page, PageBuilder, model};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The model is ready.
const READY: &str = "document.querySelector('.model-status')";

/// The page with the formula's model in place of its own small one.
fn builder() -> PageBuilder {
    Page::builder().instead(
        "clip/shapes.safetensors",
        model::folder().join("small.safetensors"),
    )
}

/// A picture of so many pixels, as a script for the page's own canvas: a file that a reader could have.
fn drawn(name: &str, width: u32, height: u32) -> String {
    format!(
        "(async () => {{
            const canvas = new OffscreenCanvas({width}, {height});
            const context = canvas.getContext('2d');
            for (let y = 0; y < {height}; y += 4) for (let x = 0; x < {width}; x += 4) {{
                context.fillStyle = `rgb(${{x % 256}} ${{(3 * y) % 256}} ${{(x * y) % 256}})`;
                context.fillRect(x, y, 4, 4);
            }}
            return new File([await canvas.convertToBlob({{type: 'image/png'}})], '{name}', {{type: 'image/png'}});
        }})()"
    )
}

/// A picture of the formula (`tests/reference/clip/formula_models.py`), as [`drawn`].
fn of_formula([k, width, height]: [usize; 3]) -> String {
    format!(
        "(async () => {{
            const canvas = new OffscreenCanvas({width}, {height});
            const context = canvas.getContext('2d');
            const image = context.createImageData({width}, {height});
            for (let y = 0, i = 0; y < {height}; y++) for (let x = 0; x < {width}; x++, i++) for (let c = 0; c < 4; c++) {{
                const value = 0.5 + 0.25 * Math.sin(0.05 * (c + 1) * x + {k}) + 0.25 * Math.cos(0.03 * (c + 2) * y + 2 * {k});
                image.data[4 * i + c] = c < 3 ? Math.floor(255 * value + 0.5) : 255;
            }}
            context.putImageData(image, 0, 0);
            return new File([await canvas.convertToBlob({{type: 'image/png'}})], '{k}.png', {{type: 'image/png'}});
        }})()"
    )
}

/// Drops files (expressions of promises) onto the page.
fn drop_files(page: &Page, files: &[String]) {
    page.wait_for("document.querySelector('.drop')");
    page.eval(&format!(
        "Promise.all([{}]).then(files => {{
            const data = new DataTransfer();
            for (const file of files) data.items.add(file);
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}));
        }})",
        files.join(", ")
    ));
}

/// What the terminal says of the same picture.
fn terminal(picture: &Path, labels: &str) -> Value {
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = std::process::Command::new(program)
        .arg("classify")
        .arg("--weights")
        .arg(model::folder().join("small.safetensors"))
        .args(["--labels", labels, "--template", "a photo of {}.", "--json"])
        .arg(picture)
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Saves a file of the page, so that the terminal can see it.
fn save(page: &Page, file: &str, name: &str) -> PathBuf {
    let bytes = page.eval(&format!(
        "{file}.then(file => file.arrayBuffer()).then(bytes => [...new Uint8Array(bytes)])"
    ));
    let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
    let path = model::folder().join(name);
    std::fs::write(&path, bytes).expect("a picture");
    path
}

/// The classes and probabilities that the page shows, the likeliest first.
fn shown(page: &Page) -> Vec<(String, f64)> {
    let rows = page.eval(
        "[...document.querySelectorAll('.bars li')].map(li => [li.dataset.label, +li.dataset.probability])",
    );
    serde_json::from_value(rows).expect("rows")
}

fn says_as_the_terminal(device: &str) {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    if device != "best" {
        page.set_value("select[name='Computed on']", device);
    }
    page.set_value("textarea[name=Classes]", "a cat\na dog\nsomething else");
    page.set_value("textarea[name=Templates]", "a photo of {}.");
    let file = drawn("drawn.png", 300, 200);
    drop_files(&page, std::slice::from_ref(&file));
    page.wait_for("document.querySelectorAll('.bars li').length === 3");
    page.wait_for(READY);
    let path = save(&page, &file, &format!("drawn-{device}.png"));
    let expected = &terminal(&path, "a cat,a dog,something else")["pictures"][0]["labels"];
    let expected = expected.as_array().expect("labels");
    let shown = shown(&page);
    for (theirs, (label, probability)) in expected.iter().zip(&shown) {
        assert_eq!(theirs["label"], **label);
        let theirs = theirs["probability"].as_f64().expect("a number");
        assert!(
            (theirs - probability).abs() < 1e-4,
            "{label}: {probability} {theirs}"
        );
    }
    assert_eq!(expected.len(), shown.len());
    page.screenshot(&format!("run-{device}-light"), 1280, 1100, false);
    page.screenshot(&format!("run-{device}-dark"), 1280, 1100, true);
    page.screenshot(&format!("run-{device}-phone"), 360, 1400, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
}

#[test]
fn the_page_says_what_the_terminal_says() {
    says_as_the_terminal("best");
}

#[test]
fn a_gpu_says_what_the_terminal_says() {
    says_as_the_terminal("gpu");
}

/// Opens what is below the model, and waits for the list.
fn open_others(page: &Page) {
    page.wait_for(READY);
    page.eval("document.querySelector('#others').open = true");
    page.wait_for("document.querySelectorAll('.checkpoints tbody tr').length === 83");
    page.wait_for("document.querySelector('.shelf p')");
}

/// Downloads a file of the misbehaving host.
fn download(page: &Page, path: &str) {
    let address = page.eval(&format!("new URL('files/{path}', document.baseURI).href"));
    page.set_value("input[name=Address]", address.as_str().expect("an address"));
    page.click("form button[type=submit]");
}

fn progress(page: &Page) -> f64 {
    let value = page.eval("document.querySelector('.download progress')?.value ?? 0");
    value.as_f64().unwrap_or_default()
}

/// Waits until the model of this name is ready.
fn wait_for_model(page: &Page, name: &str) {
    page.wait_for(&format!(
        "document.querySelector('.model-status')?.innerText.startsWith('{name} is ready')"
    ));
}

#[test]
fn a_download_stops_goes_on_and_is_kept() {
    let page = builder().open("?page=run");
    open_others(&page);
    page.screenshot("run-others-light", 1280, 1600, false);
    page.screenshot("run-others-phone", 360, 1600, true);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 3e6");
    page.wait_for_text("a second");
    page.screenshot("run-download-light", 1280, 900, false);
    let before = progress(&page);
    page.click(".download button");
    page.wait_for("!document.querySelector('.download')");
    page.wait_for_text("is not complete");
    // The model that was there works on.
    wait_for_model(&page, "Shapes");

    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 0");
    assert!(progress(&page) >= before, "it begins anew");
    wait_for_model(&page, "small.safetensors");
    page.wait_for("document.querySelector('.kept button')");
    page.wait_for("!document.querySelector('.part')");

    // The next visit needs nobody.
    page.go("?page=run");
    open_others(&page);
    page.wait_for("document.querySelector('.kept button')");
    page.click(".kept button");
    wait_for_model(&page, "small.safetensors");
    page.click(".kept button[aria-label]");
    page.wait_for_text("No model is kept yet");
}

#[test]
fn a_tab_that_closes_loses_no_download() {
    let mut page = builder().open("?page=run");
    open_others(&page);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 3e6");
    let before = progress(&page);
    page.reopen("?page=run");
    page.wait_for_text("The download of small.safetensors is not complete");
    page.screenshot("run-unfinished-light", 1280, 900, false);
    page.click(".part button");
    page.wait_for("document.querySelector('.download progress')?.value > 0");
    assert!(progress(&page) >= before, "it begins anew");
    wait_for_model(&page, "small.safetensors");
    page.wait_for("!document.querySelector('.part')");
}

#[test]
fn a_connection_that_breaks_is_taken_up() {
    let page = builder()
        .tolerate("ERR_CONTENT_LENGTH_MISMATCH")
        .tolerate("ERR_INCOMPLETE_CHUNKED")
        .open("?page=run");
    open_others(&page);
    download(&page, "cutting/small.safetensors");
    wait_for_model(&page, "small.safetensors");
    // Same weights, same answer: the file is whole.
    let numbers = page.eval(
        "navigator.storage.getDirectory()
            .then(root => root.getDirectoryHandle('models'))
            .then(async folder => {
                for await (const [name, file] of folder)
                    if (name.endsWith('.safetensors')) return (await file.getFile()).size;
            })",
    );
    let whole = std::fs::metadata(model::folder().join("small.safetensors"))
        .expect("a model")
        .len();
    // Tensors alone are kept; their list is as long, but for its order.
    assert!(
        (numbers.as_f64().expect("a size") - whole as f64).abs() < 4096.0,
        "{numbers} {whole}"
    );
}

/// 605 MB over a connection that breaks in the middle, from there into the browser's files, and on
/// the processor what open_clip computes.
#[test]
fn a_model_of_full_size_is_open_clips() {
    let reference = model::reference();
    let page = keep_saved(builder())
        .patience(Duration::from_secs(180))
        .open("?page=run");
    open_others(&page);
    // An empty line is no class.
    let classes = || {
        let prompts = reference.prompts.iter().enumerate();
        prompts.filter(|(_, prompt)| !prompt.is_empty())
    };
    let lines: Vec<&str> = classes().map(|(_, prompt)| prompt.as_str()).collect();
    page.set_value("textarea[name=Classes]", &lines.join("\n"));
    page.set_value("textarea[name=Templates]", "{}");
    download(&page, &format!("halving/{}", model::FULL_SIZE));
    wait_for_model(&page, model::FULL_SIZE);
    let requests = page.requests();
    let asked = requests.iter().filter(|r| r.path.contains("halving"));
    assert_eq!(asked.count(), 2, "it broke once");
    page.wait_for_text("is too long");
    page.wait_for_text("5 classes are ready.");
    let files: Vec<String> = reference.pictures.iter().map(|p| of_formula(*p)).collect();
    drop_files(&page, &files);
    page.wait_for("document.querySelectorAll('.answers tbody tr').length === 4");

    let of = |button| -> Value {
        serde_json::from_str(&saved(&page, button, "application/json")).expect("JSON")
    };
    let numbers =
        |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).expect("numbers") };
    let vectors = of("Save the class vectors");
    for ((i, _), class) in classes().zip(vectors["classes"].as_array().expect("classes")) {
        let pairs = numbers(&class["vector"]);
        let pairs = pairs.iter().zip(&reference.text_embeddings[i]);
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(difference <= 2e-6, "{i}: {difference:.1e}");
    }
    let answers = of("Save JSON");
    let answers = answers["pictures"].as_array().expect("pictures");
    let mut worst = 0f64;
    for (answer, theirs) in answers.iter().zip(&reference.probabilities) {
        let all: f64 = classes().map(|(i, _)| theirs[i]).sum();
        let ours = answer["classes"].as_array().expect("classes");
        assert_eq!(ours.len(), 5);
        for (i, prompt) in classes() {
            let is_it = |class: &&Value| class["class"] == prompt.trim();
            let ours = ours.iter().find(is_it).expect("a class");
            let ours = ours["probability"].as_f64().expect("a number");
            worst = worst.max((ours - theirs[i] / all).abs());
        }
    }
    assert!(answers.len() == 4 && worst <= 1e-4, "{worst:.1e}");
    println!(
        "probabilities {worst:.1e}; {}; the page's memory at most {:.0} MB",
        page.text(".model-status"),
        page.peak_memory("renderer").unwrap_or_default()
    );
    // Nothing of it stays.
    page.click(".kept button[aria-label]");
    page.wait_for_text("No model is kept yet");
    page.wait_for("navigator.storage.estimate().then(of => of.usage < 1e8)");
}

#[test]
fn what_was_kept_and_is_damaged_is_said() {
    let page = builder().open("?page=run");
    open_others(&page);
    download(&page, "honest/small.safetensors");
    wait_for_model(&page, "small.safetensors");
    page.eval(
        "navigator.storage.getDirectory()
            .then(root => root.getDirectoryHandle('models'))
            .then(async folder => {
                for await (const [name, file] of folder) if (name.endsWith('.safetensors')) {
                    const stream = await file.createWritable({keepExistingData: true});
                    await stream.write({type: 'write', position: 9000000, data: new Uint8Array([1, 2, 3])});
                    await stream.close();
                }
            })",
    );
    page.click(".kept button");
    page.wait_for_text("What was kept of the file is damaged");
    page.screenshot("run-damaged-light", 1280, 900, false);
    // The way on: delete it, and the small model is back.
    page.click(".kept button[aria-label]");
    wait_for_model(&page, "Shapes");
}

#[test]
fn what_cannot_be_downloaded_is_said() {
    let page = builder()
        .tolerate("404")
        .tolerate("ERR_CONTENT_LENGTH_MISMATCH")
        .open("?page=run");
    open_others(&page);
    for (path, sentence) in [
        ("honest/nothing.safetensors", "There is no file"),
        (
            "page/small.safetensors",
            "This is a web page, not a checkpoint",
        ),
        ("honest/text.safetensors", "neither"),
    ] {
        download(&page, path);
        page.wait_for(&format!(
            "document.querySelector('.download .error')?.innerText.includes('{sentence}')"
        ));
        page.click(".download button:last-child");
        page.wait_for("!document.querySelector('.download')");
    }
    // Only named hosts, and the policy holds the worker too.
    page.set_value(
        "input[name=Address]",
        "https://example.org/model.safetensors",
    );
    page.click("form button[type=submit]");
    page.wait_for_text("not to example.org");
    wait_for_model(&page, "Shapes");
}

#[test]
fn a_full_disk_is_said_and_the_rest_goes_on() {
    let page = builder().open("?page=run");
    open_others(&page);
    page.set_quota(6e6);
    download(&page, "honest/small.safetensors");
    page.wait_for_text("is full");
    page.screenshot("run-full-light", 1280, 900, false);
    page.set_quota(1e9);
    page.click(".download button");
    wait_for_model(&page, "small.safetensors");
}

#[test]
fn two_tabs_do_not_write_the_same_file() {
    let page = builder().open("?page=run");
    open_others(&page);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 1e6");
    page.click(".download button");
    page.wait_for_text("is not complete");
    // What another tab's worker does.
    page.eval(
        "new Promise(done => {
            const text = `navigator.storage.getDirectory()
                .then(root => root.getDirectoryHandle('models'))
                .then(async folder => {
                    for await (const [name, file] of folder)
                        if (name.endsWith('.part')) self.held = await file.createSyncAccessHandle();
                    postMessage('held');
                })`;
            globalThis.other = new Worker(URL.createObjectURL(new Blob([text])));
            other.onmessage = done;
        })",
    );
    download(&page, "slow/small.safetensors");
    page.wait_for_text("Another tab of this page");
    page.eval("other.terminate()");
    page.click(".download button");
    wait_for_model(&page, "small.safetensors");
}

#[test]
fn a_file_from_the_disk_is_opened() {
    let page = builder().open("?page=run");
    open_others(&page);
    let give = |name: &str, path: &str| {
        page.eval(&format!(
            "fetch('files/honest/{path}').then(answer => answer.blob()).then(blob => {{
                const data = new DataTransfer();
                data.items.add(new File([blob], '{name}'));
                const input = document.querySelector('input[name=Checkpoint]');
                input.files = data.files;
                input.dispatchEvent(new Event('change', {{bubbles: true}}));
            }})"
        ));
    };
    give("mine.safetensors", "small.safetensors");
    wait_for_model(&page, "mine.safetensors");
    give("wrong.safetensors", "text.safetensors");
    page.wait_for("document.querySelector('.model .error')");
    page.click(".model .toolbar button:last-child");
    wait_for_model(&page, "Shapes");
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

#[test]
fn without_webgpu_the_processor_computes() {
    let script = "Object.defineProperty(navigator, 'gpu', {value: undefined});";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.eval("document.querySelector('#device').open = true");
    page.wait_for_text("No GPU can be used here");
    page.wait_for_text("The processor computes everything");
    page.set_value("select[name='Computed on']", "gpu");
    page.wait_for("document.querySelector('.model .error')?.innerText.includes('No GPU')");
    page.screenshot("run-no-gpu-light", 1280, 900, false);
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the processor");
}

#[test]
fn a_device_that_is_lost_loses_no_picture() {
    let script = "const ask = GPUAdapter.prototype.requestDevice;
        const lose = new BroadcastChannel('lose');
        GPUAdapter.prototype.requestDevice = async function (...how) {
            const device = await ask.apply(this, how);
            lose.onmessage = () => device.destroy();
            return device;
        };";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.set_value("select[name='Computed on']", "gpu");
    page.wait_for("document.querySelector('.model-status')?.innerText.includes('in float32')");
    drop_files(&page, &[drawn("first.png", 64, 64)]);
    page.wait_for("document.querySelector('.bars li')");
    page.eval("new BroadcastChannel('lose').postMessage('now')");
    drop_files(&page, &[drawn("second.png", 80, 64)]);
    page.wait_for("document.querySelector('.model .error')?.innerText.includes('lost')");
    assert_eq!(
        page.eval("document.querySelectorAll('ul.thumbnails li').length"),
        2
    );
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the processor");
    page.wait_for("document.querySelector('.count').innerText.startsWith('2 of 2')");
}

#[test]
fn a_device_that_is_too_small_is_said() {
    let script = "const limits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits').get;
        Object.defineProperty(GPUAdapter.prototype, 'limits', {get() {
            const real = limits.call(this);
            return new Proxy(real, {get: (_, name) =>
                ['maxBufferSize', 'maxStorageBufferBindingSize'].includes(name) ? 1e6 : real[name]});
        }});";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.set_value("select[name='Computed on']", "gpu");
    page.wait_for("document.querySelector('.model .error')?.innerText.includes('larger than this device takes')");
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the processor");
}

#[test]
fn another_device_is_chosen_while_the_model_works() {
    // Chosen at the moment that the work is seen: it may be over before a test looks again.
    let watch = "globalThis.failures = 0;
        addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
            if (document.querySelector('.model .error')) failures += 1;
            if (globalThis.chosen || !document.querySelector('progress[aria-label=Classes]')) return;
            const device = document.querySelector(\"select[name='Computed on']\");
            if (!globalThis.armed) return;
            globalThis.chosen = true;
            device.value = 'cpu';
            device.dispatchEvent(new Event('change', {bubbles: true}));
        }).observe(document, {subtree: true, childList: true}));";
    let page = builder().before_load(watch).open("?page=run");
    page.wait_for(READY);
    page.eval("globalThis.armed = true");
    page.set_value("select[name=List]", "ImageNet, 1,000");
    page.wait_for("globalThis.chosen");
    page.wait_for(READY);
    // The classes are computed anew, to their end.
    page.wait_for_text("1000 classes are ready.");
    assert_eq!(page.eval("failures"), 0);
}

/// Chromium's GPU process, whose GPU is software, may take half of what the model needs. Whether
/// it then says so, loses the device or ends is its own matter.
#[cfg(target_os = "linux")]
#[test]
fn a_device_without_room_is_said() {
    let page = builder().tolerate("").open("?page=run");
    open_others(&page);
    download(&page, &format!("honest/{}", model::FULL_SIZE));
    wait_for_model(&page, model::FULL_SIZE);
    page.limit_memory("gpu-process", 300);
    page.set_value("select[name='Computed on']", "gpu");
    page.wait_for(
        "/no room|was lost|No GPU can be used/.test(document.querySelector('.model .error')?.innerText)",
    );
    println!("{}", page.text(".model .error"));
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the processor");
}

/// Of a browser that gives a page's program 256 MB.
#[test]
fn a_processor_without_room_is_said() {
    let page = builder()
        .flag("--js-flags=--wasm-max-mem-pages=4096")
        .open("?page=run");
    open_others(&page);
    download(&page, &format!("honest/{}", model::FULL_SIZE));
    page.wait_for("document.querySelector('.model .error')");
    println!("{}", page.text(".model"));
    page.wait_for_text("The processor has no room for this model");
    // The way on.
    page.click(".model .toolbar button:last-child");
    wait_for_model(&page, "Shapes");
}

#[test]
fn without_files_a_model_comes_from_the_server() {
    let script = "navigator.storage.getDirectory = () => Promise.reject(new DOMException('', 'SecurityError'));";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.eval("document.querySelector('#others').open = true");
    page.wait_for_text("This browser keeps no files");
    download(&page, "honest/small.safetensors");
    wait_for_model(&page, "small.safetensors");
}

#[test]
fn a_worker_that_dies_is_replaced() {
    let script = "globalThis.workers = [];
        const Real = Worker;
        globalThis.Worker = class extends Real {
            constructor(...how) { super(...how); workers.push(this); }
        };";
    let page = builder().before_load(script).tolerate("").open("?page=run");
    page.wait_for(READY);
    drop_files(&page, &[drawn("first.png", 64, 64)]);
    page.wait_for("document.querySelector('.bars li')");
    // No question of the page's: the program fails.
    page.eval("workers[0].postMessage(null)");
    drop_files(&page, &[drawn("second.png", 80, 64)]);
    page.wait_for_text("your pictures and classes are still here");
    page.click(".model .toolbar button");
    page.wait_for(READY);
    page.wait_for("document.querySelector('.count').innerText.startsWith('2 of 2')");
}

#[test]
fn nothing_connects_to_a_host_that_is_not_named() {
    let page = builder()
        .tolerate("Content Security Policy")
        .tolerate("violates")
        .open("?page=run");
    page.wait_for(READY);
    // A worker as the page makes them is bound by the page's policy.
    let outcome = page.eval(
        "new Promise(done => {
            const text = `fetch('https://example.org/').then(() => postMessage('reached'), () => postMessage('refused'))`;
            const worker = new Worker(URL.createObjectURL(new Blob([text])));
            worker.onmessage = event => done(event.data);
        })",
    );
    assert_eq!(outcome, "refused");
}

#[test]
fn a_point_of_explore_can_be_run() {
    let page = builder().open("?v=2&table=zeroshot&family=clip");
    page.wait_for("document.querySelector('[data-parameter]')");
    let id = page.find_checkpoint();
    page.click(".card a");
    page.wait_for(READY);
    page.wait_for(&format!(
        "document.querySelector('.checkpoints tr[aria-current]')?.dataset.id === '{id}'"
    ));
    // The same curve, and where the model lies.
    page.wait_for("document.querySelector('figcaption')?.innerText.includes('ringed')");
    page.screenshot("run-curve-light", 1280, 1500, false);
    page.screenshot("run-curve-dark", 1280, 1500, true);
    page.go("?page=run&model=b-32-datacomp-64m");
    page.wait_for_text("The release does not say which run this point is");
}

/// The longest task of the page's own thread, in milliseconds, since it was opened.
#[test]
fn loading_does_not_hold_the_page_up() {
    let observe = "globalThis.longest = 0;
        new PerformanceObserver(list => {
            for (const task of list.getEntries()) if (globalThis.counting)
                longest = Math.max(longest, task.duration);
        }).observe({entryTypes: ['longtask']});";
    let page = builder().before_load(observe).open("?page=run");
    open_others(&page);
    page.eval("globalThis.counting = true");
    download(&page, "honest/small.safetensors");
    wait_for_model(&page, "small.safetensors");
    // Said, not held against a bound: the machine may be busy.
    println!(
        "longest task while a model loads: {} ms",
        page.eval("longest")
    );
    let loads = page.eval("performance.getEntriesByName('refit:load').length");
    assert_eq!(loads, 0, "the page's own thread loads a model");
}

#[test]
fn this_device_is_checked_with_the_samples() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    let file = save(&page, &drawn("sample.png", 120, 90), "sample.png");
    // What the terminal says of it stands in for open_clip, whose numbers `tests/clip` compares.
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = std::process::Command::new(program)
        .args(["embed", "--json", "--weights"])
        .arg(model::folder().join("small.safetensors"))
        .arg(&file)
        .output()
        .expect("the terminal runs");
    let embedded: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut unit = embedded["pictures"][0]["embedding"].clone();
    for (name, sentence) in [
        ("right", "computes what open_clip does"),
        ("wrong", "computes something else"),
    ] {
        let card = serde_json::json!({
            "samples": [{"file": "samples/one.png", "label": "a green triangle", "image": unit}]
        });
        let path = model::folder().join(format!("{name}.json"));
        std::fs::write(&path, card.to_string()).expect("a card");
        let page = builder()
            .instead("clip/shapes.json", path)
            .instead("clip/samples/one.png", file.clone())
            .open("?page=run");
        page.wait_for(READY);
        page.eval("document.querySelector('#device').open = true");
        page.wait_for_text("software that stands in for one");
        page.click("button.check");
        page.wait_for(&format!(
            "document.querySelector('.checked').innerText.includes('{sentence}')"
        ));
        println!("{}", page.text(".checked"));
        page.screenshot(&format!("run-check-{name}"), 1280, 1600, false);
        // The samples are pictures like any, and tell what they show.
        page.click("button.samples");
        page.wait_for("document.querySelector('.count')?.innerText.startsWith('1 of 1')");
        unit[0] = serde_json::json!(0.9);
    }
}
