//! Where models come from: interrupted and resumed downloads, the cache, and files.

use super::{
    READY, builder, download, drop_files, of_formula, open_checkpoints, progress, wait_for_model,
};
use browser_tests::model;
use browser_tests::run::{in_workers, keep_saved, open_picker, open_tab, saved};
use serde_json::Value;
use std::time::Duration;

#[test]
fn a_download_stops_resumes_and_is_cached() {
    let page = builder().open("?page=run");
    open_checkpoints(&page);
    page.screenshot("run-others-light", 1280, 1600, false);
    page.screenshot("run-others-phone", 360, 1600, true);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 3e6");
    page.wait_for_text("per second");
    page.screenshot("run-download-light", 1280, 900, false);
    let before = progress(&page);
    page.click(".download button");
    page.wait_for("!document.querySelector('.download')");
    page.wait_for_text("is incomplete");
    // The model before is still loaded.
    wait_for_model(&page, "Shapes");

    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 0");
    assert!(progress(&page) >= before, "it starts from the beginning");
    wait_for_model(&page, "small.safetensors");
    page.wait_for("document.querySelector('.cached button')");
    page.wait_for("!document.querySelector('.part')");

    // The next visit needs no network.
    page.go("?page=run");
    open_checkpoints(&page);
    page.wait_for("document.querySelector('.cached button')");
    page.click(".cached button");
    wait_for_model(&page, "small.safetensors");
    page.click(".cached button[aria-label]");
    page.wait_for_text("No cached models");
}

#[test]
fn a_tab_that_closes_loses_no_download() {
    let mut page = builder().open("?page=run");
    open_checkpoints(&page);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 3e6");
    let before = progress(&page);
    page.reopen("?page=run");
    page.wait_for_text("The download of small.safetensors is incomplete");
    page.screenshot("run-unfinished-light", 1280, 900, false);
    page.click(".part button");
    page.wait_for("document.querySelector('.download progress')?.value > 0");
    assert!(progress(&page) >= before, "it starts from the beginning");
    wait_for_model(&page, "small.safetensors");
    page.wait_for("!document.querySelector('.part')");
}

#[test]
fn a_broken_connection_is_resumed() {
    let page = builder()
        .tolerate("ERR_CONTENT_LENGTH_MISMATCH")
        .tolerate("ERR_INCOMPLETE_CHUNKED")
        .open("?page=run");
    open_checkpoints(&page);
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
    // Only tensors are cached; the header has another order.
    assert!(
        (numbers.as_f64().expect("a size") - whole as f64).abs() < 4096.0,
        "{numbers} {whole}"
    );
}

/// 605 MB over a connection that breaks in the middle, from there into the browser's files, and on
/// two workers the same results as open_clip.
#[test]
fn a_model_of_full_size_is_open_clips() {
    let reference = model::reference();
    let page = keep_saved(builder())
        .patience(Duration::from_secs(180))
        .open("?page=run");
    open_checkpoints(&page);
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
    let attempts = requests
        .iter()
        .filter(|r| r.path.contains(model::FULL_SIZE));
    assert_eq!(attempts.count(), 2, "it broke once");
    page.set_value("select[name=Workers]", "2");
    page.wait_for(
        "document.querySelector('.model-status')?.innerText.includes('divided between 2 workers')",
    );
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
    let vectors = of("Export class embeddings");
    for ((i, _), class) in classes().zip(vectors["classes"].as_array().expect("classes")) {
        let pairs = numbers(&class["vector"]);
        let pairs = pairs.iter().zip(&reference.text_embeddings[i]);
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(difference <= 2e-6, "{i}: {difference:.1e}");
    }
    let answers = of("Export JSON");
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
    // Deleting it frees the storage.
    page.click(".cached button[aria-label]");
    page.wait_for_text("No cached models");
    page.wait_for("navigator.storage.estimate().then(of => of.usage < 1e8)");
}

/// Two files of 605 MB: their mixture is computed piece by piece, so that beyond the page, which has the base loaded, it
/// takes itself and little more.
#[test]
fn two_models_of_full_size_are_mixed_without_holding_both() {
    let page = builder()
        .patience(Duration::from_secs(180))
        .open("?page=run");
    open_checkpoints(&page);
    download(&page, &format!("honest/{}", model::FULL_SIZE));
    wait_for_model(&page, model::FULL_SIZE);
    open_tab(&page, "mix");
    page.wait_for("document.querySelector('#mix input[name=letters]')");
    // Its copy in the browser's files stands for another; the images lie in a folder for each class.
    page.eval(
        "(async () => {
            const give = (name, files) => {
                const data = new DataTransfer();
                for (const file of files) data.items.add(file);
                const input = document.querySelector(`#mix input[name='${name}']`);
                Object.defineProperty(input, 'files', {value: files.length === 1 ? data.files : Object.assign(files, {item: (i) => files[i]}), configurable: true});
                input.dispatchEvent(new Event('change', {bubbles: true}));
            };
            const root = await navigator.storage.getDirectory();
            const folder = await root.getDirectoryHandle('models');
            for await (const [name, handle] of folder)
                if (name.endsWith('.safetensors')) give('Model to mix in', [new File([await handle.getFile()], 'copy.safetensors')]);
            const images = [];
            for (const [i, name] of ['one/a.png', 'one/b.png', 'two/a.png', 'two/b.png'].entries()) {
                const canvas = new OffscreenCanvas(64, 64);
                const context = canvas.getContext('2d');
                context.fillStyle = `rgb(${60 * i} 80 120)`;
                context.fillRect(0, 0, 64, 64);
                const file = new File([await canvas.convertToBlob()], name.split('/')[1], {type: 'image/png'});
                Object.defineProperty(file, 'webkitRelativePath', {value: `set/${name}`});
                images.push(file);
            }
            give('Labelled folder', images);
        })()",
    );
    page.wait_for_text("set: 4 images of 2 classes");
    page.wait_for_text("copy.safetensors");
    for set in ["letters", "shapes"] {
        page.click(&format!("#mix input[name={set}]"));
    }
    let before = page.peak_memory("renderer");
    page.set_value("#mix input[name=Coefficients]", "0.5");
    page.click("#mix .measure");
    page.wait_for("document.querySelectorAll('.mixed tbody tr').length === 1");
    page.wait_for("document.querySelector('.mixed .toolbar:not([hidden])')");
    let after = page.peak_memory("renderer");
    if let (Some(before), Some(after)) = (before, after) {
        let taken = after - before;
        println!("mixing two files of 605 MB takes {taken:.0} MB beyond the page's {before:.0} MB");
        assert!(taken < 605.0 + 200.0, "{taken:.0} MB");
    }
}

#[test]
fn a_damaged_cached_model_is_reported() {
    let page = builder().open("?page=run");
    open_checkpoints(&page);
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
    page.click(".cached button");
    page.wait_for_text("The file does not match its checksums");
    page.screenshot("run-damaged-light", 1280, 900, false);
    // Deleting it brings back the bundled model.
    page.click(".cached button[aria-label]");
    wait_for_model(&page, "Shapes");
}

#[test]
fn failed_downloads_are_reported() {
    let page = builder()
        .tolerate("404")
        .tolerate("ERR_CONTENT_LENGTH_MISMATCH")
        .open("?page=run");
    open_checkpoints(&page);
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
fn a_full_disk_is_reported_and_the_download_resumes() {
    let page = builder().open("?page=run");
    open_checkpoints(&page);
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
    open_checkpoints(&page);
    download(&page, "slow/small.safetensors");
    page.wait_for("document.querySelector('.download progress')?.value > 1e6");
    page.click(".download button");
    page.wait_for_text("is incomplete");
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
    open_checkpoints(&page);
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
fn without_files_a_model_comes_from_the_server() {
    let script = "navigator.storage.getDirectory = () => Promise.reject(new DOMException('', 'SecurityError'));";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    open_picker(&page);
    page.wait_for_text("does not let the page store files");
    download(&page, "honest/small.safetensors");
    wait_for_model(&page, "small.safetensors");
}

#[test]
fn nothing_connects_to_a_host_that_is_not_named() {
    let page = builder()
        .tolerate("Content Security Policy")
        .tolerate("violates")
        .open("?page=run");
    page.wait_for(READY);
    // A worker like the page's inherits its Content-Security-Policy.
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
    page.click(".tooltip a");
    page.wait_for(READY);
    page.wait_for(&format!(
        "document.querySelector('.checkpoints tr[aria-current]')?.dataset.id === '{id}'"
    ));
    // The same curve, and where the model lies.
    page.wait_for("document.querySelector('figcaption')?.innerText.includes('ringed')");
    page.screenshot("run-curve-light", 1280, 1500, false);
    page.screenshot("run-curve-dark", 1280, 1500, true);
    page.go("?page=run&model=b-32-datacomp-64m");
    page.wait_for_text("The release does not say which run belongs to this point");
}

/// open_clip's parameters times four bytes, as `open_clip_model.safetensors` holds them.
#[test]
fn published_models_are_listed_with_size_licence_and_source() {
    let page = builder().open("?page=run");
    open_checkpoints(&page);
    let expected = [
        ("laion2b-s34b-b79k", "ViT-B-32", "605 MB"),
        ("laion2b-s34b-b88k", "ViT-B-16", "598 MB"),
        ("laion2b-s32b-b82k", "ViT-L-14", "1.71 GB"),
        ("laion2b-s32b-b79k", "ViT-H-14", "3.94 GB"),
        ("laion2b-s12b-b42k", "ViT-g-14", "5.47 GB"),
    ];
    for (id, architecture, size) in expected {
        let row = page.eval(&format!(
            "document.querySelector('.checkpoints tr[data-id=\"{id}\"]').innerText"
        ));
        let row = row.as_str().expect("a text");
        for part in [architecture, size, "from huggingface.co", "MIT"] {
            assert!(row.contains(part), "{part} is not in {row}");
        }
        let source = page.eval(&format!(
            "document.querySelector('.checkpoints tr[data-id=\"{id}\"] a').href"
        ));
        let source = source.as_str().expect("an address");
        assert!(
            source.starts_with("https://huggingface.co/laion/CLIP-ViT-"),
            "{source}"
        );
    }
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
    open_checkpoints(&page);
    page.eval("globalThis.counting = true");
    download(&page, "honest/small.safetensors");
    wait_for_model(&page, "small.safetensors");
    // Printed, not compared with a bound: the machine may be busy.
    println!(
        "longest task while a model loads: {} ms",
        page.eval("longest")
    );
    let loads = page.eval("performance.getEntriesByName('refit:load').length");
    assert_eq!(loads, 0, "the page's own thread loads a model");
}
