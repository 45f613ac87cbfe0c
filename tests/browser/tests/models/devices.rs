//! Devices: WebGPU, the CPU, and what can go wrong with either.

use super::{
    READY, builder, classifies_as_the_terminal, download, drawn, drop_files, open_checkpoints,
    save, wait_for_model,
};
use browser_tests::model;
use browser_tests::run::in_workers;
use serde_json::Value;

#[test]
fn a_gpu_classifies_as_the_terminal() {
    classifies_as_the_terminal("gpu");
}

#[test]
fn without_webgpu_the_cpu_computes() {
    let script = "Object.defineProperty(navigator, 'gpu', {value: undefined});";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.eval("document.querySelector('#device').open = true");
    page.wait_for_text("No GPU can be used here");
    page.wait_for_text("The CPU computes the same");
    page.set_value("select[name=Device]", "gpu");
    page.wait_for("document.querySelector('.model .error')?.innerText.includes('No GPU')");
    page.screenshot("run-no-gpu-light", 1280, 900, false);
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the CPU");
}

#[test]
fn a_lost_device_loses_no_image() {
    let script = "const ask = GPUAdapter.prototype.requestDevice;
        const lose = new BroadcastChannel('lose');
        GPUAdapter.prototype.requestDevice = async function (...how) {
            const device = await ask.apply(this, how);
            lose.onmessage = () => device.destroy();
            return device;
        };";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.set_value("select[name=Device]", "gpu");
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
    page.wait_for_text("ready on the CPU");
    page.wait_for("document.querySelector('.count').innerText.startsWith('2 of 2')");
}

#[test]
fn a_device_that_is_too_small_is_reported() {
    let script = "const limits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits').get;
        Object.defineProperty(GPUAdapter.prototype, 'limits', {get() {
            const real = limits.call(this);
            return new Proxy(real, {get: (_, name) =>
                ['maxBufferSize', 'maxStorageBufferBindingSize'].includes(name) ? 1e6 : real[name]});
        }});";
    let page = in_workers(builder(), script).open("?page=run");
    page.wait_for(READY);
    page.set_value("select[name=Device]", "gpu");
    page.wait_for("document.querySelector('.model .error')?.innerText.includes('larger than this device takes')");
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the CPU");
}

#[test]
fn another_device_is_chosen_while_the_model_works() {
    // Chosen in an observer, since the work may be over before the test looks again.
    let watch = "globalThis.failures = 0;
        addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
            if (document.querySelector('.model .error')) failures += 1;
            if (globalThis.chosen || !document.querySelector('progress[aria-label=Classes]')) return;
            const device = document.querySelector(\"select[name=Device]\");
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
/// it then reports it, loses the device or ends is up to it.
#[cfg(target_os = "linux")]
#[test]
fn a_device_without_memory_is_reported() {
    let page = builder().tolerate("").open("?page=run");
    open_checkpoints(&page);
    download(&page, &format!("honest/{}", model::FULL_SIZE));
    wait_for_model(&page, model::FULL_SIZE);
    page.limit_memory("gpu-process", 300);
    page.set_value("select[name=Device]", "gpu");
    page.wait_for(
        "/no room|was lost|No GPU can be used/.test(document.querySelector('.model .error')?.innerText)",
    );
    println!("{}", page.text(".model .error"));
    page.click(".model .toolbar button:nth-child(2)");
    page.wait_for_text("ready on the CPU");
}

/// Of a browser that gives a page's program 256 MB.
#[test]
fn a_cpu_without_memory_is_reported() {
    let page = builder()
        .flag("--js-flags=--wasm-max-mem-pages=4096")
        .open("?page=run");
    open_checkpoints(&page);
    download(&page, &format!("honest/{}", model::FULL_SIZE));
    page.wait_for("document.querySelector('.model .error')");
    println!("{}", page.text(".model"));
    page.wait_for_text("The model does not fit into memory");
    // The way on.
    page.click(".model .toolbar button:last-child");
    wait_for_model(&page, "Shapes");
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
    // Not a request: the program panics.
    page.eval("workers[0].postMessage(null)");
    drop_files(&page, &[drawn("second.png", 80, 64)]);
    page.wait_for_text("your images and classes are still here");
    page.click(".model .toolbar button");
    page.wait_for(READY);
    page.wait_for("document.querySelector('.count').innerText.startsWith('2 of 2')");
}

#[test]
fn this_device_is_checked_with_the_samples() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    let file = save(&page, &drawn("sample.png", 120, 90), "sample.png");
    // The terminal stands in for open_clip, with which the tests of crates/clip compare.
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
        ("right", "The CPU reproduces open_clip"),
        ("wrong", "does not reproduce open_clip"),
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
        page.wait_for_text("This is a software renderer, not a GPU");
        page.click("button.check");
        page.wait_for(&format!(
            "document.querySelector('.checked').innerText.includes('{sentence}')"
        ));
        println!("{}", page.text(".checked"));
        page.screenshot(&format!("run-check-{name}"), 1280, 1600, false);
        // The samples are images like any other, with labels.
        page.click("button.samples");
        page.wait_for("document.querySelector('.count')?.innerText.startsWith('1 of 1')");
        unit[0] = serde_json::json!(0.9);
    }
}

/// Its text is for an issue: the model, the device, the browser, and what was measured.
#[test]
fn this_device_is_benchmarked() {
    let page = builder().open("?page=run");
    page.wait_for(READY);
    page.eval("document.querySelector('#device').open = true");
    page.wait_for("document.querySelector('button.benchmark:not([disabled])')");
    page.click("button.benchmark");
    page.wait_for("document.querySelector('.benchmarked pre')");
    let text = page.text(".benchmarked pre");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("Refit, Shapes ("), "{text}");
    assert!(lines[1].starts_with("CPU, 1 of "), "{text}");
    assert!(lines[2].contains("Chrome"), "{text}");
    let jobs = [
        "1 image: ",
        "8 images: ",
        "64 images: ",
        "10 texts of 77 tokens: ",
    ];
    assert_eq!(lines.len(), 3 + jobs.len(), "{text}");
    for (job, line) in jobs.iter().zip(&lines[3..]) {
        assert!(
            line.starts_with(job) && line.ends_with(" GFLOP/s"),
            "{line}"
        );
    }
    page.screenshot("run-benchmark-light", 1280, 900, false);
    page.screenshot("run-benchmark-phone", 360, 900, false);
    page.allow_clipboard();
    page.click(".benchmarked button");
    assert_eq!(page.clipboard(), text);
}
