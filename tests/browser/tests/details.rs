//! Sections of Explore, Findings and Methods.

use browser_tests::Page;
use serde_json::Value;
use sha2::{Digest, Sha256};

const FITTED: &str = "document.querySelector('[data-parameter]')";

/// What the terminal prints as JSON.
fn terminal(arguments: &str) -> Value {
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = std::process::Command::new(program)
        .args(arguments.split_whitespace())
        .arg("--json")
        .output()
        .expect("the terminal runs");
    assert!(output.status.success(), "{arguments}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Opens a section of Explore and waits until it is there.
fn open(page: &Page, section: &str) {
    page.wait_for(FITTED);
    page.eval(&format!("location.hash = '{section}'"));
    page.wait_for(&format!(
        "document.querySelector('#{section} p:not(.waiting)')"
    ));
}

#[test]
fn a_bootstrap_is_the_terminals_and_follows_the_address() {
    let page = Page::open("?v=2&table=plotted_frontier&family=clip&at=2.14e12&seed=5");
    open(&page, "certainty");
    page.wait_for("document.querySelector('#certainty td')");
    page.click("#certainty .choices button");
    page.wait_for_text("1000 resamples fitted, 0 failed");
    let output = terminal("bootstrap --table plotted_frontier --family clip --at 2.14e12 --seed 5");
    let alpha = &output["intervals"][2];
    let number = |key: &str| alpha[key].as_f64().expect("a number");
    let interval = format!("{:.4} to {:.4}", number("low"), number("high"));
    let shown = page.text("#certainty");
    assert!(shown.contains(&interval), "{interval} in {shown}");
    page.screenshot("certainty-light", 1280, 1200, false);
    page.screenshot("certainty-phone", 360, 1200, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");

    // The other program's choice is in the address, and the first's drops what was drawn.
    page.set_value("#certainty input[name=Seed]", "6");
    page.wait_for("location.search.includes('seed=6')");
    page.wait_for("!document.querySelector('#certainty').textContent.includes('fitted')");
    page.set_value("select[name='Law']", "shifted-power");
    page.wait_for(
        "document.querySelectorAll('#certainty table:first-of-type tbody tr').length >= 1",
    );
    page.wait_for(
        "![...document.querySelectorAll('#certainty th')].some(h => h.textContent === 'E')",
    );
    page.eval("history.back()");
    page.wait_for("document.querySelector('[data-parameter=E]')");
    page.wait_for("document.querySelector('#certainty input[name=Seed]').value === '6'");
}

#[test]
fn long_work_shows_how_far_it_is_and_stops() {
    let page = Page::open(
        "?v=2&table=segmentation&dataset=ade20k&metric=miou&resample=runs&resamples=10000",
    );
    open(&page, "pair");
    page.wait_for("document.querySelector('#pair td')");
    page.click("#pair button");
    page.wait_for("document.querySelector('#pair progress')?.value > 0");
    page.screenshot("progress-light", 1280, 1000, false);
    page.click("#pair .progress button");
    page.wait_for("!document.querySelector('#pair progress')");
    assert!(!page.text("#pair").contains("of the resamples"));
}

#[test]
fn two_laws_cross_where_the_terminal_says() {
    let page = Page::open("?v=2&table=segmentation&dataset=ade20k&metric=miou&resamples=200");
    open(&page, "pair");
    page.wait_for("document.querySelector('#pair td')");
    let shown = page.text("#pair");
    // Finding 5: 9.2e8, and back at 4.0e12.
    for crossing in [
        "cross at 9.180 × 10⁸",
        "cross at 4.043 × 10¹² GFLOPs, beyond the data",
    ] {
        assert!(shown.contains(crossing), "{crossing} in {shown}");
    }
    page.click("#pair button");
    page.wait_for_text("% of the resamples");
    let output =
        terminal("compare --table segmentation --dataset ade20k --metric miou --resamples 200");
    // Each crossing with its own share and interval.
    let crossings = output["crossings"].as_array().expect("crossings");
    assert_eq!(crossings.len(), 2);
    for (i, crossing) in crossings.iter().enumerate() {
        let number = |key: &str| crossing[key].as_f64().expect("a number");
        // As 4.043 × 10¹²; the exponent's superscripts are the page's.
        let mantissa = |key: &str| {
            let text = format!("{:.3e}", number(key));
            text.split_once('e').expect("an exponent").0.to_owned()
        };
        let resampled = format!(
            "They cross in {:.1} % of the resamples",
            100.0 * number("share")
        );
        let sentence = page.text(&format!("#pair li:nth-child({})", i + 1));
        for part in [resampled, mantissa("low"), mantissa("high")] {
            assert!(sentence.contains(&part), "{part} in {sentence}");
        }
    }
    let share = output["along"][2]["probability_b_is_lower"]
        .as_f64()
        .expect("a share");
    let row = page.text("#pair tbody tr:nth-child(3)");
    assert!(
        row.contains(&format!("{:.1} %", 100.0 * share)),
        "{share} in {row}"
    );
}

#[test]
fn laws_are_ranked_by_what_they_have_not_seen() {
    let page = Page::open("?v=2&family=clip");
    open(&page, "laws");
    page.wait_for("document.querySelectorAll('#laws tbody tr').length === 5");
    let ranked = terminal("laws --family clip");
    let best = ranked[0]["root_mean_square_pp"].as_f64().expect("a number");
    let first = page.text("#laws tbody tr");
    assert!(
        first.starts_with("Saturating") && first.contains(&format!("{best:.2}")),
        "{first}"
    );
    page.eval("document.querySelectorAll('#laws input')[1].click()");
    page.wait_for("document.querySelector('#laws tbody td').textContent === '24'");
}

#[test]
fn the_authors_optimizer_stops_early_where_it_does() {
    // Finding 6: no start reaches the optimum of these points.
    let page = Page::open("?v=2&table=plotted_frontier&dataset=imagenet-r&family=mammut");
    open(&page, "search");
    page.wait_for("document.querySelector('#search button')");
    page.click("#search button");
    page.wait_for("document.querySelector('#search progress')");
    page.wait_for("document.querySelector('#search table')");
    assert!(
        page.text("#search")
            .contains("The authors’ optimiser stopped early")
    );
    // What was found belongs to these points.
    page.set_value("select[name='Law']", "power");
    page.wait_for_text("The authors fitted no law of this form");
    assert!(!page.has("#search table"));
}

#[test]
fn a_budget_is_answered_with_a_model_and_its_samples() {
    let at = "64 H100 for 48 h at 35 %";
    let page = Page::open("?v=2&family=clip");
    page.wait_for(FITTED);
    page.click("#tab-predictions");
    page.wait_for("document.querySelector('.predict button')");
    page.set_value("input[name='Predict at']", at);
    page.click(".predict button");
    page.wait_for_text("What should I train?");
    let program = std::env::var_os("REFIT_BIN").expect("REFIT_BIN names the terminal");
    let output = std::process::Command::new(program)
        .args(["fit", "--family", "clip", "--json", "--at", at])
        .output()
        .expect("the terminal runs");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let model = told["budgets"][0]["model"].as_str().expect("a model");
    page.wait_for_text(model);
    let shown = page.text(".budget");
    // 64 · 989e12 · 172,800 s · 0.35, a third of it forward.
    for part in [
        "64 H100 for 48 h at 35 % of 989 TFLOP/s: 1.276 × 10¹² GFLOPs",
        "3.828 × 10²¹ FLOPs of training",
        "The frontier’s law at the budget: error",
        "Nearest released checkpoint: ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    page.screenshot("budget-light", 1280, 1300, false);
    page.screenshot("budget-phone", 360, 800, true);
    page.click(".budget a");
    page.wait_for("document.querySelector('main.run')");
}

#[test]
fn compute_is_split_between_parameters_and_samples() {
    let page = Page::open("?v=2&family=clip");
    open(&page, "allocation");
    page.wait_for("document.querySelector('#allocation td')");
    page.wait_for_drawn("#allocation canvas");
    // The printed compute-optimal samples of CLIP at 2.14e12 GFLOPs: 2.3e10 (fig. 6).
    page.click("#tab-predictions");
    page.wait_for("document.querySelector('.predict button')");
    page.set_value("input[name='Predict at']", "2.14e12");
    page.click(".predict button");
    page.wait_for("location.search.includes('at=2.14e12')");
    page.click("#tab-allocation");
    page.wait_for("document.querySelector('#allocation').textContent.includes('2.296 × 10¹⁰')");
    // What these runs do not tell is said.
    let told = page.text("#allocation");
    for part in [
        "none below 100 %",
        "the standard error of A exceeds the value",
        "At 10¹¹, 10¹², 2.140 × 10¹² GFLOPs the optimum is no better",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    page.set_view(1280, 1400, false);
    let cut = page.eval("[...document.querySelectorAll('#allocation .scroll')].some(t => t.scrollWidth > t.clientWidth)");
    assert_eq!(cut, false, "a column is out of view");
    page.eval("document.querySelector('#allocation').scrollIntoView()");
    page.screenshot("allocation-light", 1280, 1400, false);
    page.eval("document.querySelectorAll('#allocation input')[1].click()");
    page.wait_for("document.querySelector('#allocation').textContent.includes('ln Nc')");
}

#[test]
fn three_approaches_to_compute_optimal_training_are_the_terminals() {
    let page = Page::open("?v=2&table=llama3&family=Llama+3+(raw_loss)");
    open(&page, "allocation");
    page.wait_for_text("IsoFLOP minima, Llama 3 (raw_loss)");
    let found = terminal("optimal --study chinchilla --table llama3");
    let shown = page.text("#allocation");
    for (approach, row) in [
        ("frontier", "1 frontier"),
        ("isoflop", "2 IsoFLOP"),
        ("parametric", "3 law over N, D"),
    ] {
        let a = &found[approach]["a"];
        let (value, ends) = (a["value"].as_f64(), &a["interval"]);
        let end = |i: usize| ends[i].as_f64().expect("an end");
        let cell = format!("{:.4} ({:.4} to {:.4})", value.expect("a"), end(0), end(1));
        assert!(
            shown.contains(row) && shown.contains(&cell),
            "{row}: {cell} in {shown}"
        );
    }
    page.wait_for_drawn("#allocation canvas");
    for (name, dark) in [("light", false), ("dark", true)] {
        page.set_view(1280, 1600, dark);
        page.eval("[...document.querySelectorAll('#allocation h3')].at(-1).scrollIntoView()");
        page.screenshot(&format!("isoflop-{name}"), 1280, 1600, dark);
    }
    page.screenshot("isoflop-phone", 360, 1200, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    // The profiles of the reader's own choice, and a mistake.
    let budgets = "#allocation input[name='Compute budgets']";
    page.set_value(budgets, "6e18 1e22");
    page.wait_for_text("111 runs are near no budget.");
    page.set_value(budgets, "6e18, many");
    page.wait_for_text("“many” is not a compute.");
    // Under Huber's loss the delta method has no intervals; a bootstrap has some elsewhere.
    page.go("?v=2&table=points");
    open(&page, "allocation");
    page.wait_for_text("use the bootstrap");
    page.go("?v=2&table=points&loss=log-squares&resamples=200");
    open(&page, "allocation");
    let third = "[...document.querySelectorAll('#allocation tr')].find(r => r.textContent.startsWith('3 law'))?.textContent";
    page.wait_for(third);
    let before = page.eval(third);
    page.eval("[...document.querySelectorAll('#allocation button')].find(b => b.textContent.startsWith('Bootstrap')).click()");
    page.wait_for(&format!("{third} !== {before}"));
}

#[test]
fn findings_are_the_terminals() {
    let page = Page::open("?v=2&page=findings");
    let findings = terminal("findings");
    let findings = findings.as_array().expect("findings");
    let count = findings.len();
    page.wait_for(&format!(
        "document.querySelectorAll('.findings section').length === {count}"
    ));
    for finding in findings {
        let id = finding["id"].as_str().expect("an id");
        let rows = page.eval(&format!(
            "[...document.querySelectorAll('#{id} tbody tr')].map(r => [...r.children].map(c => c.textContent))"
        ));
        let theirs: Vec<Value> = finding["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|r| serde_json::json!([r["what"], r["released"], r["corrected"]]))
            .collect();
        assert_eq!(rows, Value::Array(theirs), "{id}");
        // At least one chart, which opens in Explore.
        let opens = page.eval(&format!(
            "document.querySelectorAll('#{id} .charts figure:has(canvas) a[href^=\"?\"]').length"
        ));
        assert!(opens.as_u64() > Some(0), "{id}");
    }
    page.wait_for_drawn(".findings .charts canvas");
    let of_printed = page.text("#imagenet-r .charts figcaption");
    assert!(
        of_printed.contains("dotted: the printed law"),
        "{of_printed}"
    );
    for (i, name) in ["light", "dark"].into_iter().enumerate() {
        page.screenshot(&format!("findings-{name}"), 1280, 1200, i == 1);
    }
    page.screenshot("findings-phone", 360, 1200, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");

    // The switch leaves one column.
    page.eval("document.querySelectorAll('.radios input')[1].click()");
    page.wait_for("document.querySelectorAll('#band thead th').length === 1");
    assert!(page.text("#band thead").contains("296"));

    // The simulation is seeded: 2,000 sets, honest near 95 %, released near a half.
    page.click("#coverage button");
    page.wait_for_text("Share of 2000 sets");
    let first = page.text("#coverage tbody td");
    assert!(first.contains("±"), "{first}");
    let shares = page.eval(
        "[...document.querySelectorAll('#coverage tbody tr')].map(r => [...r.querySelectorAll('td')].map(c => parseFloat(c.textContent)))",
    );
    for row in shares.as_array().expect("rows") {
        let [released, honest] = [0, 1].map(|i| row[i].as_f64().expect("a share"));
        assert!((40.0..60.0).contains(&released), "{released}");
        assert!((93.0..=97.0).contains(&honest), "{honest}");
    }

    // A finding's data open in Explore.
    page.click("#imagenet-r a");
    page.wait_for(FITTED);
    assert_eq!(page.text("h1"), "ImageNet-R top-1 accuracy");
}

#[test]
fn a_part_that_does_not_arrive_is_explained_and_tried_again() {
    let fail = "globalThis.blocked = true; const real = fetch; globalThis.fetch = (what, ...rest) => \
        globalThis.blocked && String(what.url ?? what).includes('details_bg') \
            ? Promise.reject(new TypeError('no network')) : real(what, ...rest)";
    let page = Page::builder().before_load(fail).tolerate("").open("?");
    page.wait_for(FITTED);
    page.click("#tab-certainty");
    page.wait_for_text("This view could not be loaded");
    page.eval("globalThis.blocked = false");
    open(&page, "laws");
    page.wait_for("document.querySelector('#laws td')");
}

#[test]
fn methods_name_every_data_file() {
    let page = Page::open("?v=2&page=methods");
    page.wait_for("document.querySelector('.digest')");
    let listed = page.eval(
        "[...document.querySelectorAll('.digest')].map(d => d.innerText + '  ' + d.closest('tr').querySelector('a').getAttribute('href').replace('data/', ''))",
    );
    let data = |file: &str| format!("{}/../../data/{file}", env!("CARGO_MANIFEST_DIR"));
    let dist = std::env::var("REFIT_DIST").expect("REFIT_DIST");
    let files = std::fs::read_to_string(format!("{dist}/data/files.txt")).expect("files.txt");
    let sums: Vec<String> = files
        .lines()
        .map(|file| {
            let digest = Sha256::digest(std::fs::read(data(file)).expect(file));
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}  {file}")
        })
        .collect();
    let mut listed: Vec<String> = serde_json::from_value(listed).expect("a list");
    listed.sort_by(|a, b| a[66..].cmp(&b[66..]));
    assert_eq!(listed, sums);
}

#[test]
fn effective_robustness_is_the_terminals() {
    let page = Page::open("?v=2&table=imagenet_testbed");
    page.wait_for("document.querySelector('#tab-transfer')");
    page.click("#tab-transfer");
    page.wait_for("document.querySelectorAll('#transfer tbody tr').length === 330");
    page.set_value("#transfer select[name='Also the models of']", "zeroshot");
    // The other study's models alone are listed.
    page.wait_for("document.querySelectorAll('#transfer tbody tr').length === 32");
    let output = terminal(
        "transfer --study robustness --x imagenet1k --y imagenetv2 --models-from openclip",
    );
    let models = output["models"].as_array().expect("models");
    let clip = models.iter().find(|m| m["name"] == "ViT-B-16: openai");
    let clip = clip.expect("a model");
    let robust = clip["effective_robustness"].as_f64().expect("a number");
    let shown = page.text("#transfer");
    let row = format!("{:+.2}", 100.0 * robust).replace('-', "−");
    assert!(shown.contains(&row), "{row} in {shown}");
    let line = format!(
        "Through {} reference models",
        output["line"]["line"]["points"]
    );
    assert!(shown.contains(&line), "{line} in {shown}");
    page.screenshot("transfer-light", 1280, 1600, false);
    page.screenshot("transfer-phone", 360, 1600, true);

    // A choice of reference models moves the line.
    page.eval(
        "[...document.querySelectorAll('#transfer label')].find(l => l.textContent.trim() === 'testbed').querySelector('input').click()",
    );
    page.wait_for_text("Through 328 reference models");
    let output = terminal(
        "transfer --study robustness --x imagenet1k --y imagenetv2 --models-from openclip --reference testbed",
    );
    assert_eq!(output["line"]["line"]["points"], 328);
}
