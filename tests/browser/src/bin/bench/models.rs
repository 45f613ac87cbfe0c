//! What the page adds to the engine where it runs a model of full size (605 MB) on the processor.

use super::sorted;
use browser_tests::run::open_picker;
use browser_tests::{Page, model};
use std::time::Duration;

/// Pictures that are answered one by one.
const ROUNDS: usize = 9;
const SEARCHED: usize = 10_000;
/// Where the page tells how long each step took: decoding, resizing, the image tower.
const STEPS: &str = ".answer .timing";

/// The longest task; a picture of a kind; dropping pictures; the time until something is there.
const DRIVER: &str = "
globalThis.longest = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) longest = Math.max(longest, e.duration) })
    .observe({ type: 'longtask' });
globalThis.drawn = async (kind, width, height = width, type = 'image/png') => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = `hsl(${9 * kind} 90% 50%)`;
    context.fillRect(width / 4, height / 8, width / 2, height / 2);
    return canvas.convertToBlob({ type });
};
globalThis.drop = async (files) => {
    const data = new DataTransfer();
    for (const file of files) data.items.add(file);
    // What the driver does is no task of the page.
    await new Promise(done => setTimeout(done, 100));
    longest = 0;
    globalThis.dropped = performance.now();
    document.querySelector('.drop').dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
};
globalThis.until = (condition) => new Promise(done => {
    const start = performance.now();
    const look = () => condition() && (observer.disconnect(), done(performance.now() - start));
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
});
// As any page reads a file, and as only a worker may read one that nobody else has open.
globalThis.read = async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('models');
    for await (const [name, handle] of folder) if (name.endsWith('.safetensors')) {
        const file = await handle.getFile();
        const start = performance.now();
        for (let at = 0; at < file.size; at += 1 << 22) await file.slice(at, at + (1 << 22)).arrayBuffer();
        return performance.now() - start;
    }
};
globalThis.readAlone = () => new Promise(done => {
    const program = `(async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('models');
        for await (const [name, handle] of folder) if (name.endsWith('.safetensors')) {
            const file = await handle.createSyncAccessHandle();
            const buffer = new Uint8Array(1 << 22);
            const start = performance.now();
            for (let at = 0; at < file.getSize(); at += buffer.length) file.read(buffer, { at });
            postMessage(performance.now() - start);
            file.close();
        }
    })()`;
    const worker = new Worker(URL.createObjectURL(new Blob([program])));
    worker.onmessage = ({ data }) => { worker.terminate(); done(data) };
});
";

/// Milliseconds.
fn time(page: &Page, expression: &str) -> f64 {
    let value = page.eval(expression);
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no time: {expression}"))
}

pub(crate) fn run() {
    let page = Page::builder()
        .before_load(DRIVER)
        .patience(Duration::from_secs(600))
        .open("?page=run");
    let ready = |name: &str| {
        format!("document.querySelector('.model-status')?.innerText.startsWith('{name} is ready')")
    };
    page.wait_for(&ready("Shapes"));
    open_picker(&page);
    let file = format!(
        "new URL('files/honest/{}', document.baseURI).href",
        model::FULL_SIZE
    );
    let address = page.eval(&file);
    page.set_value("input[name=Address]", address.as_str().unwrap_or_default());
    page.click("form button[type=submit]");
    page.wait_for(&ready(model::FULL_SIZE));

    // Another visit.
    page.go("?page=run");
    page.wait_for(&ready("Shapes"));
    open_picker(&page);
    page.wait_for("document.querySelector('.cached button')");
    page.eval("drawn(0, 224).then(blob => drop([new File([blob], 'first.png')])).then(() => {})");
    page.wait_for("document.querySelector('.answer .bars li')");
    let best = |read: &str| time(&page, read).min(time(&page, read));
    let (read, alone) = (best("read()"), best("readAlone()"));
    page.eval("longest = 0");
    let first = time(
        &page,
        &format!(
            "(document.querySelector('.cached button').click(),
              until(() => {} && document.querySelector('.answer .bars li')))",
            ready(model::FULL_SIZE)
        ),
    );
    let longest = page.eval("longest");
    println!(
        "\nViT-B/32 cached by the page, 605 MB: {read:.0} ms to read as a Blob ({alone:.0} by a handle of its own), {first:.0} to the first answer"
    );
    println!("  {}", page.text(".model-status"));
    println!("  the picture: {}", page.text(STEPS));
    println!("  longest task beyond 50 ms meanwhile: {longest} ms (0: none)");

    // From a picture's drop to its answer.
    let answered = |round: usize, picture: &str| {
        let dropped = format!(
            "(async () => {{
                const file = new File([await drawn({round}, {picture})], '{round}');
                document.querySelector('.add-images > button:last-of-type').click();
                await drop([file]);
                await until(() => document.querySelector('.selected .name')?.innerText === '{round}'
                    && document.querySelector('.answer .bars li'));
                return performance.now() - dropped;
            }})()"
        );
        time(&page, &dropped)
    };
    let rounds = (1..=ROUNDS).map(|round| {
        let all = answered(round, "224");
        let steps = page.attribute(STEPS, "data-milliseconds");
        let steps: Option<f64> = steps.and_then(|text| text.parse().ok());
        serde_json::json!(all - steps.expect("the steps' sum"))
    });
    let work = sorted(&rounds.collect());
    println!(
        "one more picture, from its drop to its answer, beyond decoding, resizing and the tower: median {:.1} ms, most {:.1}, of {ROUNDS}",
        work[ROUNDS / 2],
        work[ROUNDS - 1]
    );

    answered(ROUNDS + 1, "4000, 3000, 'image/jpeg'");
    println!("a photograph's size: {}", page.text(STEPS));

    // Pictures that are alike are known by their bytes.
    let seen = time(
        &page,
        &format!(
            "(async () => {{
                const kinds = await Promise.all(Array.from({{ length: 40 }}, (_, kind) => drawn(kind, 16)));
                document.querySelector('.add-images > button:last-of-type').click();
                await drop(Array.from({{ length: {SEARCHED} }}, (_, i) => new File([kinds[i % 40]], `${{i}}.png`, {{ type: 'image/png' }})));
                return until(() => document.querySelector('.count')?.innerText.startsWith('{SEARCHED} of {SEARCHED}'));
            }})()"
        ),
    );
    println!(
        "{SEARCHED} images of 40 kinds processed in {:.1} s, longest task beyond 50 ms: {} ms",
        seen / 1e3,
        page.eval("longest")
    );
    let searches = (0..ROUNDS).map(|_| {
        page.eval("document.querySelector('.found')?.removeAttribute('data-milliseconds')");
        page.click("form:has([name=Query]) button[type=button]");
        let found = page.attribute(".found[data-milliseconds]", "data-milliseconds");
        let found: Option<f64> = found.and_then(|text| text.parse().ok());
        serde_json::json!(found)
    });
    let searches = sorted(&searches.collect());
    println!(
        "search over {SEARCHED} × 512: median {:.1} ms, most {:.1}",
        searches[searches.len() / 2],
        searches[searches.len() - 1]
    );
}
