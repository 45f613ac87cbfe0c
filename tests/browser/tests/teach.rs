//! Teaching a head on drawn images with the bundled model, and heads of others.

use browser_tests::run::{keep_saved, open_tab, saved};
use browser_tests::{Page, PageBuilder};
use serde_json::Value;
use std::path::Path;

/// The samples are answered, so that nothing is encoded any more.
const READY: &str = "document.querySelector('.accuracy')";

/// Draws so many images of each of these shapes, drops them, and labels them by a CSV.
fn draw(page: &Page, shapes: &[&str], each: usize) {
    page.wait_for(READY);
    page.eval(&format!(
        "(async () => {{
            let state = 12345;
            const random = () => (state = (1103515245 * state + 12345) % 2147483648) / 2147483648;
            const data = new DataTransfer();
            let labels = '';
            for (const shape of {shapes}) for (let i = 0; i < {each}; i++) {{
                const canvas = new OffscreenCanvas(80, 80);
                const context = canvas.getContext('2d');
                context.fillStyle = 'white';
                context.fillRect(0, 0, 80, 80);
                context.fillStyle = ['#dc2828', '#285adc', '#28a03c', '#141414'][Math.floor(4 * random())];
                const radius = 12 + 12 * random();
                const [x, y] = [0, 0].map(() => radius + (80 - 2 * radius) * random());
                context.beginPath();
                if (shape === 'circle') context.arc(x, y, radius, 0, 7);
                else if (shape === 'square') context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
                else for (const angle of [-1.57, 0.52, 2.62]) context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
                context.fill();
                const name = `${{shape}}-${{i}}.png`;
                data.items.add(new File([await canvas.convertToBlob({{type: 'image/png'}})], name, {{type: 'image/png'}}));
                labels += `${{name}},${{shape}}\\n`;
            }}
            document.querySelector('.drop').dispatchEvent(
                new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}));
            globalThis.labels = labels;
        }})()",
        shapes = serde_json::json!(shapes)
    ));
    let count = shapes.len() * each;
    page.wait_for(&format!(
        "document.querySelector('.count')?.innerText.includes('{count} of {count} images')"
    ));
    label(page, "labels");
    open_tab(page, "teach");
    page.wait_for_text(&format!("{count} labelled images of"));
}

/// Labels the images by a table, which is an expression.
fn label(page: &Page, table: &str) {
    page.eval(&format!(
        "(() => {{
            const data = new DataTransfer();
            data.items.add(new File([{table}], 'labels.csv', {{type: 'text/csv'}}));
            const input = document.querySelector('input[name=Labels]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()"
    ));
}

/// Chooses a folder with images at these paths, and with a file beside them.
fn choose_folder(page: &Page, paths: &[&str]) {
    page.eval(&format!(
        "(async () => {{
            const canvas = new OffscreenCanvas(8, 8);
            canvas.getContext('2d').fillRect(0, 0, 4, 4);
            const image = await canvas.convertToBlob();
            const file = (path, content, type) => Object.defineProperty(
                new File([content], path.split('/').at(-1), {{type}}), 'webkitRelativePath', {{value: path}});
            const files = {paths}.map(path => file(path, image, 'image/png'));
            files.push(file('set/.DS_Store', '', ''));
            const input = document.querySelector('.add-images ~ details input[type=file]:not([name])');
            Object.defineProperty(input, 'files', {{value: Object.assign(files, {{item: (i) => files[i]}}), configurable: true}});
            input.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()",
        paths = serde_json::json!(paths)
    ));
}

fn open(builder: PageBuilder) -> Page {
    builder.open("?page=run")
}

/// Once all images are encoded.
fn press_teach(page: &Page) {
    page.wait_for("document.querySelector('button.teach:not(:disabled)')");
    page.click("button.teach");
}

/// Three shapes, taught with 1, 4 and all.
pub(crate) fn taught() -> Page {
    let page = open(keep_saved(Page::builder()));
    draw(&page, &["circle", "square", "triangle"], 16);
    page.set_value("input[name='Shots per class']", "1, 4, all, 16");
    page.set_value("input[name=Draws]", "3");
    press_teach(&page);
    page.wait_for("document.querySelectorAll('.taught tbody tr').length === 3");
    page
}

/// The first number of a cell: 66.67 % is 66.67.
fn share(page: &Page, row: usize, column: usize) -> f64 {
    let cell = format!(".taught tbody tr:nth-child({row}) > :nth-child({column})");
    let text = page.text(&cell);
    let number = text.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn open_head(page: &Page, name: &str, bytes: &[u8]) {
    page.eval(&format!(
        "(() => {{
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array({bytes:?})], '{name}'));
            const input = document.querySelector('input[name=Head]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {{bubbles: true}}));
        }})()"
    ));
}

/// A button in the list of heads, by the head's place and its text.
fn press(page: &Page, head: usize, button: &str) {
    page.eval(&format!(
        "[...document.querySelectorAll('.head-list > li')[{head}].querySelectorAll('button')]
            .find(b => b.textContent === '{button}').click()"
    ));
}

/// Without images of their own a reader teaches the demo model letters, which it does not know.
#[test]
fn the_sample_letters_are_taught() {
    let page = Page::open("?page=run#teach");
    page.wait_for(READY);
    page.click("button.letters");
    page.wait_for_text("200 of 200 images processed.");
    page.wait_for_text("200 labelled images of 10 classes.");
    let is_offered = page.eval("document.querySelector('.letters').checkVisibility()");
    assert_eq!(is_offered, false);
    // All is 16 of 20, since a fifth is tested on.
    page.set_value("input[name='Shots per class']", "1, 8, 16, all");
    page.set_value("input[name=Draws]", "3");
    press_teach(&page);
    page.wait_for("document.querySelectorAll('.taught tbody tr').length === 3");
    page.wait_for_text("16 shots are what “all” teaches here; they have one row.");
    let [one, eight, zero_shot] = [(1, 4), (2, 4), (2, 5)].map(|(r, c)| share(&page, r, c));
    assert!(
        eight > one && eight > zero_shot + 10.0,
        "{one}, {eight}, {zero_shot}"
    );
    page.wait_for_drawn(".taught canvas");
    page.screenshot("teach-letters", 1280, 1500, false);
    // Of other images the outcome is not; and they come with classes that fit.
    assert!(!page.has(".taught .stale"));
    page.click(".add-images .samples");
    page.wait_for_text("These results are for 200 images, by Shapes.");
    page.wait_for_text("The classes are those of the sample images now.");
    page.wait_for("document.querySelector('.accuracy')?.innerText.includes('10 of 10')");
    page.click(".use-taught");
    open_tab(&page, "classify");
    page.wait_for_text("The head “letters, 20 a class” has 10 classes:");
    page.screenshot("teach-stale", 1280, 1500, false);
}

#[test]
fn a_head_is_taught_kept_and_used() {
    let page = taught();
    // A third is chance; all teach more than one.
    assert!(share(&page, 3, 4) > 60.0 && share(&page, 3, 4) > share(&page, 1, 4));
    assert!(share(&page, 2, 5) > 40.0, "zero-shot");
    page.wait_for_text(
        "16 shots need 17 pictures of each class, one of them to test on; “circle” has 16.",
    );
    page.wait_for("/by which the mixed head(’s logits are| is) /.test(document.querySelector('.taught').innerText)");
    page.wait_for_drawn(".taught canvas");
    for (name, width, height, dark) in [
        ("teach-light", 1280, 1500, false),
        ("teach-dark", 1280, 1500, true),
        ("teach-phone", 360, 3000, false),
    ] {
        page.screenshot(name, width, height, dark);
        let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{name} scrolls sideways");
    }
    let curve: Value =
        serde_json::from_str(&saved(&page, "Export the curve (JSON)", "application/json"))
            .expect("JSON");
    assert_eq!(curve["points"].as_array().map(Vec::len), Some(3));
    let csv = saved(&page, "Export the curve (CSV)", "text/csv");
    assert_eq!(csv.lines().count(), 1 + 9);

    page.click(".use-taught");
    open_tab(&page, "classify");
    page.wait_for_text("The head “circle, square, triangle, 16 a class” has 3 classes:");
    page.wait_for("document.querySelector('.bars li .aside')?.innerText.startsWith('logit')");
    page.wait_for("document.querySelector('.accuracy')?.innerText.includes('of 48 images')");
    let accuracy = page.text(".accuracy");
    let accuracy = accuracy.trim_start_matches("Accuracy: ").split(' ').next();
    let accuracy: f64 = accuracy.unwrap_or_default().parse().expect("a number");
    // Of the images that taught it.
    assert!(accuracy > 85.0, "{accuracy}");
    let answers: Value =
        serde_json::from_str(&saved(&page, "Export JSON", "application/json")).expect("JSON");
    assert_eq!(answers["head"], "circle, square, triangle, 16 a class");
    assert!(
        answers["pictures"][0]["classes"][0]["logit"].is_f64(),
        "{answers}"
    );
    open_tab(&page, "search");
    page.set_value("select[name='Class of the head']", "square");
    page.wait_for("document.querySelectorAll('#search ol.thumbnails li').length === 12");
    let right = page.eval(
        "[...document.querySelectorAll('#search ol.thumbnails img')].slice(0, 5).filter(i => i.alt.startsWith('square')).length",
    );
    assert!(right.as_u64() >= Some(4), "{right}");
    // Two models have no head in common.
    open_tab(&page, "comparison");
    page.wait_for("!document.querySelector('button.compare').disabled");
    page.click("button.compare");
    page.wait_for_text("A head belongs to one model.");

    // It is there at the next visit, and comes back from its file.
    open_tab(&page, "teach");
    press(&page, 0, "Export JSON");
    page.wait_for("saved['application/json']?.includes('refit-head-1')");
    let head = page.eval("saved['application/json']");
    page.go("?page=run&again");
    page.wait_for(READY);
    open_tab(&page, "teach");
    page.wait_for("document.querySelectorAll('.head-list > li').length === 1");
    open_head(&page, "again.json", head.as_str().expect("text").as_bytes());
    page.wait_for("document.querySelectorAll('.head-list > li').length === 2");
    page.wait_for("document.querySelector('.head-list > li:nth-child(2) [aria-pressed=true]')");
    open_tab(&page, "classify");
    page.wait_for_text("The head “circle, square, triangle, 16 a class (2)” has 3 classes:");
    page.click(".use-list");
    page.wait_for_text("10 classes are ready.");
    open_tab(&page, "teach");
    press(&page, 1, "Delete");
    page.wait_for("document.querySelectorAll('.head-list > li').length === 1");
}

#[test]
fn labels_come_from_any_table_and_folder() {
    let page = open(Page::builder());
    draw(&page, &["circle", "square"], 2);
    label(
        &page,
        r"'id;fold;label\ncircle-0;1;round\nsquare-1;1;edged\nnone;2;round'",
    );
    page.wait_for_text("Read “id” as the file, “label” as the class.");
    page.wait_for_text("Left out, lines of images that are not here: none.");
    page.wait_for_text("4 labelled images of 4 classes.");
    label(&page, r"'file,animal,colour\ncircle-0.png,cat,red'");
    page.wait_for_text("none of them, or more than one, may be the class");
    label(
        &page,
        r"'file,cat,dog\ncircle-0,1,0\ncircle-1,0,1\nsquare-0,1,0'",
    );
    page.wait_for_text("Read “file” as the file, the columns cat, dog as the classes, of which each line has a 1 in one.");
    label(&page, r"'file,cat,dog\ncircle-0,1,0\ncircle-1,1,1'");
    page.wait_for_text(
        "The columns of 0 and 1 may be the classes, but “circle-1” has 2 of them, cat, dog",
    );
    label(&page, r"'other.png,cat'");
    page.wait_for_text("No column of the table names these pictures");
    page.click(".add-images button:last-child");
    choose_folder(&page, &["set/train/cat/1.png", "set/val/cat/1.png"]);
    page.wait_for_text("The folders train, val are parts of a data set, and no classes");
    choose_folder(
        &page,
        &["set/cat/1.png", "set/dog/old/1.png", "set/beside.png"],
    );
    page.wait_for_text("Left out, no images: .DS_Store.");
    page.wait_for_text("2 labelled images of 2 classes.");
    page.wait_for("document.querySelectorAll('.images .thumbnails li').length === 3");
}

#[test]
fn what_cannot_be_taught_is_said() {
    let page = open(Page::builder());
    page.wait_for(READY);
    open_tab(&page, "teach");
    page.wait_for_text("Teaching needs labelled images");
    draw(&page, &["circle"], 3);
    page.wait_for_text("3 labelled images of one class.");
    press_teach(&page);
    page.wait_for_text("All pictures are of one class, “circle”; a head needs two or more.");
    page.set_value("input[name='Shots per class']", "1, some");
    press_teach(&page);
    page.wait_for_text("“some” is no number of shots");
    page.set_value("input[name='Shots per class']", "1");
    page.set_value("input[name=Draws]", "0");
    press_teach(&page);
    page.wait_for_text("Draws are a whole number from 1 to 100");
}

#[test]
fn teaching_is_cancelled_and_begun_again_without_a_network() {
    let page = open(Page::builder());
    draw(&page, &["circle", "square", "triangle"], 12);
    page.wait_for("navigator.serviceWorker.controller !== null");
    page.go_offline();
    page.set_value("input[name=Draws]", "100");
    press_teach(&page);
    page.wait_for("document.querySelector('.progress progress')");
    page.click(".cancel-teaching");
    page.wait_for("!document.querySelector('#teach .progress')");
    assert!(!page.has(".taught"));
    page.set_value("input[name='Shots per class']", "2");
    page.set_value("input[name=Draws]", "1");
    press_teach(&page);
    page.wait_for("document.querySelectorAll('.taught tbody tr').length === 1");
}

/// The transfer study has CIFAR-100.
#[test]
fn a_set_of_the_transfer_study_has_its_points_beside() {
    let page = open(Page::builder());
    draw(&page, &["circle", "square"], 4);
    page.set_value("input[name='Shots per class']", "2");
    page.set_value("input[name='Name of the set']", "cifar100");
    press_teach(&page);
    page.wait_for("document.querySelector('.taught .published')");
    page.wait_for("document.querySelector('.taught .legend').innerText.includes('LAION2.7m')");
    page.wait_for_drawn(".taught canvas");
    page.screenshot("teach-published", 1280, 1400, false);
}

/// A file of a head.
fn head(name: &str) -> Vec<u8> {
    let heads =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/clip/tests/reference/heads");
    std::fs::read(heads.join(name)).expect("a head")
}

#[test]
fn heads_of_others_are_used_or_refused() {
    let page = open(Page::builder());
    page.wait_for(READY);
    open_tab(&page, "teach");
    open_head(&page, "convolution.pth", &head("convolution.pth"));
    page.wait_for_text("no part of a stack of linear layers");
    // Made for embeddings of 12 numbers.
    open_head(&page, "stack.pth", &head("stack.pth"));
    open_tab(&page, "classify");
    page.wait_for_text("takes vectors of 12 numbers, and the model’s embeddings have 128");
    page.wait_for_text("Its 6 layers are taken as linear");
    // Class embeddings of the model's width.
    open_head(&page, "two.npy", &two_vectors());
    page.wait_for_text("The head “two” has 2 classes:");
    page.wait_for("document.querySelectorAll('.bars li').length === 2");
    page.wait_for("document.querySelector('.bars li .aside')?.innerText.startsWith('cosine')");
    page.wait_for_text("The head does not say whose embeddings it is for");
    // Its classes get names.
    open_tab(&page, "teach");
    page.eval("document.querySelectorAll('.head-list details').forEach(d => d.open = true)");
    page.set_value(".head-list > li:nth-child(2) textarea", "calm\nviolent");
    page.click(".head-list > li:nth-child(2) .rename");
    open_tab(&page, "classify");
    page.wait_for(
        "['calm', 'violent'].includes(document.querySelector('.bars li')?.dataset.label)",
    );
    // A score orders images.
    let score = serde_json::json!({
        "format": "refit-head-1", "name": "beauty", "labels": ["score"], "width": 128,
        "weights": (0..128).map(|i| f64::from(i % 5)).collect::<Vec<f64>>(),
        "scoring": {"linear": {"biases": [1.5]}}, "model": null,
    });
    open_head(&page, "beauty.json", score.to_string().as_bytes());
    page.wait_for_text("The head “beauty” gives each image a score.");
    page.wait_for("document.querySelectorAll('.bars li').length === 1");
    assert!(!page.text(".answer h3").contains('%'));
    // It is not an answer that could be right or wrong.
    page.wait_for("!document.querySelector('.thumbnails .mark, .answer .verdict, .accuracy')");
    open_tab(&page, "search");
    page.set_value("select[name='Class of the head']", "score");
    page.wait_for("document.querySelectorAll('#search ol.thumbnails li').length === 10");
    page.screenshot("teach-score", 1280, 1000, false);
}

/// A `.npy` of two vectors for the bundled model.
fn two_vectors() -> Vec<u8> {
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 128), }";
    npy.extend(format!("{header:<117}\n").bytes());
    npy.extend((0..256).flat_map(|i: i32| (i as f32 * 0.7).sin().to_le_bytes()));
    npy
}

/// The camera's frames go to a head that is taught here, to one that is dropped meanwhile, and to none that does not fit.
#[test]
fn a_head_answers_the_camera() {
    let page = taught();
    page.click(".use-taught");
    open_tab(&page, "camera");
    page.click("button.camera");
    page.wait_for("document.querySelectorAll('.live .bars li').length === 3");
    page.wait_for("document.querySelector('.live .bars li .aside').innerText.startsWith('logit')");
    let labels = page.eval(
        "[...document.querySelectorAll('.live .bars li')].map(li => li.dataset.label).sort()",
    );
    assert_eq!(labels, serde_json::json!(["circle", "square", "triangle"]));
    page.screenshot("camera-head", 1280, 1000, false);
    open_head(&page, "two.npy", &two_vectors());
    page.wait_for("document.querySelectorAll('.live .bars li').length === 2");
    page.wait_for("document.querySelector('.live .bars li .aside').innerText.startsWith('cosine')");
    open_head(&page, "stack.pth", &head("stack.pth"));
    page.wait_for("document.querySelector('#camera .error')?.innerText.includes('takes vectors of 12 numbers')");
    page.wait_for("!document.querySelector('.live .bars li')");
    // Frames still come, for the next that fits.
    open_head(&page, "two.npy", &two_vectors());
    page.wait_for("document.querySelectorAll('.live .bars li').length === 2");
    page.wait_for("!document.querySelector('#camera .error')");
    page.click("button.camera");
}

/// 5,000 vectors of 512 numbers in 100 classes, one of which has a single vector, so that nothing is left to
/// cross-validate: one fit in the page's worker. How long it takes is printed (docs/benchmarks.md).
#[test]
fn the_largest_set_is_taught() {
    let page = open(Page::builder());
    page.wait_for(READY);
    let taught = page.eval(
        "(async () => {
            const glue = document.querySelector('link[rel=modulepreload]').href.split('/').pop();
            const file = (name) => JSON.stringify(new URL(`${name}?${glue}`, document.baseURI).href);
            const script = `globalThis.base = ${JSON.stringify(document.baseURI)};
                import(${file('models.js')}).then(async (program) => {
                    await program.default({module_or_path: ${file('models_bg.wasm')}});
                    program.serve();
                })`;
            const address = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
            const worker = new Worker(address, {type: 'module'});
            const [count, width, classes] = [5000, 512, 100];
            let state = 1;
            const random = () => (state = (1103515245 * state + 12345) % 2147483648) / 2147483648 - 0.5;
            const labels = [classes - 1];
            while (labels.length < count) labels.push(labels.length % (classes - 1));
            const mean = Array.from({length: width}, random);
            const centres = Array.from({length: classes * width}, random);
            const vectors = new Float32Array(count * width);
            for (let i = 0; i < count; i++) {
                let square = 0;
                for (let j = 0; j < width; j++) {
                    const x = mean[j] + centres[labels[i] * width + j] + random();
                    vectors[i * width + j] = x * Math.exp(-2 * j / width);
                    square += vectors[i * width + j] ** 2;
                }
                for (let j = 0; j < width; j++) vectors[i * width + j] /= Math.sqrt(square);
            }
            const lesson = {
                name: 'largest', model: {name: '', identity: ''},
                classes: Array.from({length: classes}, (_, i) => `class ${i}`),
                labels, tests: 0, shots: [], repeats: 1, seed: 1, zero_shot: [], scale: 100,
            };
            let progress = 0;
            const reply = await new Promise(done => {
                let start;
                worker.onmessage = ({data: [kind, text]}) => {
                    if (kind === 'ready') {
                        start = performance.now();
                        worker.postMessage([1, JSON.stringify({Teach: lesson}), vectors]);
                    } else if (kind === 'progress') progress++;
                    else done([kind, text, performance.now() - start]);
                };
            });
            const {Ok, Err} = JSON.parse(reply[1]);
            worker.terminate();
            return [reply[2], Ok?.folds, Ok?.head.weights.length, progress, Err ?? null];
        })()",
    );
    println!("milliseconds, folds, weights, progress: {taught}");
    assert_eq!(
        (&taught[1], &taught[2]),
        (&0.into(), &51_200.into()),
        "{taught}"
    );
    assert!(taught[3].as_u64() > Some(0), "no progress: {taught}");
}
