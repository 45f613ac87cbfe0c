//! The built page, as a reader's browser sees it.

use browser_tests::{NO_WORKER, Page, Request};

/// Takes WebAssembly away, as a locked-down browser does.
const NO_WEBASSEMBLY: &str = "delete globalThis.WebAssembly";

/// The program runs, the data are there, a law is fitted.
const FITTED: &str = "document.querySelector('[data-parameter]')";

/// The fitted value of a parameter of the first series.
fn parameter(page: &Page, name: &str) -> f64 {
    let selector = format!("[data-parameter='{name}']");
    let value = page.attribute(&selector, "data-value");
    value.and_then(|v| v.parse().ok()).expect("a number")
}

#[test]
fn the_page_starts_without_complaints() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    assert_eq!(page.text("h1"), "ImageNet-1k top-1 accuracy");
    page.screenshot("explore-light", 1280, 1000, false);
    page.screenshot("explore-dark", 1280, 1000, true);
    // What the masthead does not hold in one line goes to the right of the next.
    page.screenshot("explore-tablet", 768, 700, false);
    let right = page.eval(
        "document.querySelector('.masthead').getBoundingClientRect().right - document.querySelector('.copy-link').getBoundingClientRect().right",
    );
    assert!(right.as_f64().is_some_and(|gap| gap < 40.0), "{right}");
    page.screenshot("explore-phone", 360, 800, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
}

#[test]
fn under_a_law_stands_what_was_printed_and_whether_it_comes_back() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    let clip = page.text(".printed-law");
    for part in [
        "A = 57.862083",
        "reproduced",
        "on the printed figure’s points",
    ] {
        assert!(clip.contains(part), "{part} in {clip}");
    }
    page.go("?v=2&table=plotted_frontier&dataset=imagenet-r");
    page.wait_for(FITTED);
    let laws = page.text(".laws");
    assert!(laws.contains("A = 76.142172") && laws.contains("differs"));
    assert!(!laws.contains("printed figure’s points"), "they are these");
    page.set_view(360, 800, true);
    page.eval("document.querySelector('#law-title').scrollIntoView()");
    page.screenshot("printed-law-phone", 360, 800, true);
    // Of another law nothing was printed.
    page.set_value("select[name='Law']", "power");
    page.wait_for("document.querySelector('[data-parameter=beta]')");
    assert!(!page.has(".printed-law"));
    page.go("?v=2&table=zeroshot");
    page.wait_for("document.querySelectorAll('.printed-law').length === 2");
    page.click(".printed-law a");
    page.wait_for_text("Can the published numbers be reproduced?");
}

#[test]
fn a_choice_refits_and_its_link_shows_the_same() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    let before = parameter(&page, "A");
    page.set_value("select[name='Frontier']", "pareto");
    page.wait_for(&format!(
        "document.querySelector('[data-parameter=A]').dataset.value !== '{before}'"
    ));
    let after = parameter(&page, "A");
    page.allow_clipboard();
    page.click(".copy-link");
    page.wait_for_text("Link copied");
    let link = page.clipboard();
    assert!(link.ends_with("?v=2&frontier=pareto"), "{link}");

    let query = link.split_once('?').expect("a query").1;
    let elsewhere = Page::open(&format!("?{query}"));
    elsewhere.wait_for(FITTED);
    assert_eq!(parameter(&elsewhere, "A"), after);
    assert_eq!(
        elsewhere.eval("document.querySelector('select[name=Frontier]').value"),
        "pareto"
    );
    // Back undoes a choice.
    page.eval("history.back()");
    page.wait_for(&format!(
        "document.querySelector('[data-parameter=A]').dataset.value === '{before}'"
    ));
}

#[test]
fn what_a_choice_changes_is_said_drawn_and_undone() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    assert_eq!(page.text(".changes"), "");
    assert!(!page.text("figcaption").contains("dotted"));
    let before = parameter(&page, "A");
    page.set_value("select[name='Frontier']", "pareto");
    page.wait_for("document.querySelector('.changes button')");
    let told = page.text(".changes");
    let alpha = page.eval("document.querySelector('.laws [data-parameter=alpha]').textContent");
    let new = format!("→ {}", alpha.as_str().expect("a text"));
    for part in ["CLIP, DataComp-1.4B: ", "MaMMUT, DataComp-1.4B: ", &new] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(
        page.text("figcaption")
            .contains("dotted: the law before the last change")
    );
    page.screenshot("changed-light", 1280, 1000, false);
    page.screenshot("changed-phone", 360, 900, true);
    // What moves no law leaves it.
    page.click(".legend button");
    page.wait_for("document.querySelector('.legend [aria-pressed=false]')");
    assert!(page.has(".changes button"));
    page.click(".changes button");
    page.wait_for(&format!(
        "document.querySelector('[data-parameter=A]').dataset.value === '{before}'"
    ));
    page.wait_for("document.querySelector('.changes').innerText === 'Undone.'");
    assert_eq!(page.eval("document.activeElement.tagName"), "CANVAS");
    assert!(!page.text("figcaption").contains("dotted"));
    // Of other measurements nothing is compared.
    page.set_value("select[name='Frontier']", "pareto");
    page.wait_for("document.querySelector('.changes button')");
    page.set_value("select[name=Benchmark]", "mscoco_captions");
    page.wait_for("document.querySelector('.changes').innerText === ''");
}

#[test]
fn a_printed_law_that_differs_is_drawn_beside_the_refit() {
    let page = Page::open("?v=2&table=plotted_frontier&dataset=imagenet-r");
    page.wait_for(FITTED);
    let printed = "dotted: the printed law, which differs";
    page.wait_for(&format!(
        "document.querySelector('figcaption').innerText.includes('{printed}')"
    ));
    page.screenshot("printed-law-dotted", 1280, 900, false);
    page.set_value("select[name='Loss']", "huber");
    page.wait_for(&format!(
        "!document.querySelector('figcaption').innerText.includes('{printed}')"
    ));
}

#[test]
fn a_printed_page_is_light_and_whole() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.set_view(794, 1123, true);
    page.print();
    let shown = |selector: &str| {
        page.eval(&format!(
            "document.querySelector({}).checkVisibility()",
            serde_json::json!(selector)
        ))
    };
    for selector in ["nav", ".toolbar", ".controls", "[role=tablist]"] {
        assert_eq!(shown(selector), false, "{selector}");
    }
    for selector in [".legend button", "figcaption", ".law table"] {
        assert_eq!(shown(selector), true, "{selector}");
    }
    // Drawn in the ink of the light theme, not of the dark one.
    let inks = "(() => {
        const canvas = document.querySelector('.canvas canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const count = (ink) => {
            let count = 0;
            for (let i = 0; i < data.length; i += 4)
                if (data[i + 3] === 255 && ink.every((c, k) => Math.abs(c - data[i + k]) < 4)) count += 1;
            return count;
        };
        return [count([42, 45, 50]), count([222, 224, 228])];
    })()";
    page.wait_for(&format!(
        "(([light, dark]) => light > 100 && light > dark)({inks})"
    ));
    page.capture("print-explore");
    page.eval("dispatchEvent(new Event('afterprint'))");
    assert_eq!(page.attribute("html", "data-theme"), None);
    page.go("?page=verify");
    page.wait_for("document.querySelector('details:not([open])')");
    page.print();
    let inside = page.eval(
        "[...document.querySelectorAll('details:not([open]) > :not(summary)')].every(e => e.checkVisibility({contentVisibilityAuto: true}))",
    );
    assert_eq!(inside, true, "what is folded on screen");
}

#[test]
fn a_study_is_chosen_and_a_law_predicts() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.set_value("select[name='Study']", "openclip");
    page.wait_for("document.querySelector('[data-parameter=beta]')");
    // The paper prints 5.86 C^-0.11.
    assert!((parameter(&page, "beta") - 5.86).abs() < 0.005);
    page.click("#tab-predictions");
    page.wait_for("document.querySelector('.predict button')");
    page.set_value("input[name='Predict at']", "ViT-H-14 at 34B");
    page.click(".predict button");
    page.wait_for_text("ViT-H-14 at 34B");
    // The prediction table's neighbour: 1 − 5.8581 C^−0.11139 at 6.53e12 GMACs.
    page.wait_for_text("78.1");
    page.set_value("input[name='Predict at']", "2.14e12 GMACs");
    page.click(".predict button");
    page.wait_for_text("2.14e12 GMACs");
    page.set_value("input[name='Predict at']", "ViT-X at 34B");
    page.click(".predict button");
    page.wait_for_text("is not an architecture of CLIP");
    page.screenshot("openclip-light", 1280, 1400, false);
}

#[test]
fn the_run_under_the_keys_is_named() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.eval("document.querySelector('.canvas canvas:last-of-type').focus()");
    page.press("ArrowRight");
    page.wait_for("document.querySelector('.tooltip')");
    assert!(page.text(".tooltip").contains("GFLOPs"));
    page.screenshot("card-light", 1280, 900, false);
    page.press("Escape");
    page.wait_for("!document.querySelector('.tooltip')");
}

#[test]
fn what_a_link_asks_in_vain_is_said() {
    let page = Page::open("?v=1&dataset=imagenet9k&law=cubic&threshold=-1");
    page.wait_for(FITTED);
    page.wait_for_text("imagenet9k");
    let notices = page.text(".notices");
    for word in ["imagenet9k", "cubic", "threshold"] {
        assert!(notices.contains(word), "{word} in {notices}");
    }
    assert_eq!(page.text("h1"), "ImageNet-1k top-1 accuracy");
    page.screenshot("notices-light", 1280, 900, false);
    // Somebody's own runs are not in a link.
    page.go("?v=2&family=clip,yours");
    page.wait_for_text("Links do not carry imported data");
}

#[test]
fn too_few_points_and_no_points_are_sentences() {
    let page = Page::open("?v=1&threshold=2e7");
    page.wait_for_text("This law needs at least 4 points");
    page.screenshot("too-few-light", 1280, 1000, false);
    let page = Page::open("?v=1&family=siglip&pretrain=relaion2b-en");
    page.wait_for_text("No measurement matches these choices");
    assert_eq!(page.eval("document.querySelectorAll('canvas').length"), 0);
    page.screenshot("none-light", 1280, 1000, false);
}

#[test]
fn a_broken_file_is_named_in_place_of_the_chart() {
    let broken = "const real = fetch; globalThis.fetch = (what, how) => String(what).endsWith('sweep.csv') \
        ? Promise.resolve(new Response('run,family\\nx,y')) : real(what, how);";
    let page = Page::builder().before_load(broken).open("?");
    page.wait_for_text("data/comparison/sweep.csv, line 1, column dataset: is missing");
    assert_eq!(page.eval("document.querySelectorAll('canvas').length"), 0);
    page.screenshot("broken-file-light", 1280, 900, false);
}

#[test]
fn the_verdicts_equal_the_terminals() {
    let terminal = std::env::var("REFIT_BIN").expect("REFIT_BIN names the terminal program");
    let output = std::process::Command::new(terminal)
        .args(["verify", "--json"])
        .output()
        .expect("the terminal runs");
    assert!(output.status.success());
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = checks.as_array().expect("an array");
    let terminal: Vec<(String, String)> = checks
        .iter()
        .map(|c| (text(&c["id"]), text(&c["verdict"])))
        .collect();

    let page = Page::open("?v=1&page=verify");
    page.wait_for("document.querySelectorAll('tr[data-id]').length > 500");
    let rows = page.eval(
        "Array.from(document.querySelectorAll('tr[data-id]'), r => [r.dataset.id, r.dataset.verdict])",
    );
    let page_rows: Vec<(String, String)> = rows
        .as_array()
        .expect("an array")
        .iter()
        .map(|r| (text(&r[0]), text(&r[1])))
        .collect();
    // The page has them by study and place.
    let sorted = |mut rows: Vec<(String, String)>| {
        rows.sort();
        rows
    };
    assert_eq!(sorted(page_rows), sorted(terminal.clone()));
    page.screenshot("verify-light", 1280, 1000, false);
    page.screenshot("verify-dark", 1280, 1000, true);
    page.screenshot("verify-phone", 360, 800, false);
    let verdicts = page.eval(
        "Math.max(...Array.from(document.querySelectorAll('td .verdict'), v => v.getBoundingClientRect().right))",
    );
    assert!(
        verdicts.as_f64().is_some_and(|right| right <= 360.0),
        "{verdicts}"
    );
    // The error of a law as a whole is no printed number.
    let printed = || checks.iter().filter(|c| c["whole_law"] == false);
    let unchecked = printed().filter(|c| c["verdict"] == "uncheckable").count();
    let all = printed().count();
    page.wait_for_text(&format!(
        "Of {all} printed numbers {} can be checked here",
        all - unchecked
    ));
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");

    // Of one place the law that differs is the first.
    let first = page.attribute("tr[data-id^=cmp-fig10]", "data-id");
    assert_eq!(first.as_deref(), Some("cmp-fig10-imagenet-r-mammut"));

    // A verdict is a filter, which a link has; so is a text; and a row opens in Explore.
    page.click("button.verdict.differs");
    page.wait_for("!document.querySelector('tr[data-verdict=reproduced]')");
    page.wait_for("location.search.includes('verdict=differs')");
    page.set_value("input[name=find]", "imagenet-r on");
    page.wait_for("document.querySelectorAll('tr[data-id]').length === 5");
    page.wait_for("location.search.includes('find=imagenet-r+on')");
    let filtered = page.eval("location.search");
    page.go(filtered.as_str().expect("text"));
    page.wait_for("document.querySelectorAll('tr[data-id]').length === 5");
    // The law as a whole is no printed number.
    assert_eq!(page.text("[data-count=differs]"), "4");
    page.go("?page=verify&find=no+such+number");
    page.wait_for_text("No number matches");
    page.go(filtered.as_str().expect("text"));
    page.wait_for("document.querySelector('tr[data-id]')");
    page.click("tr[data-id='cmp-fig10-imagenet-r-mammut'] a");
    page.wait_for(FITTED);
    assert_eq!(page.text("h1"), "ImageNet-R top-1 accuracy");
    assert!((parameter(&page, "A") - 267.413).abs() < 1e-3);
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("text").to_owned()
}

#[test]
fn without_webassembly_the_printed_coefficients_stay() {
    let page = Page::builder().before_load(NO_WEBASSEMBLY).open("?");
    page.wait_for_text("does not support WebAssembly");
    assert!(page.text("main").contains("A = 57.862083"));
    assert_eq!(
        page.eval("document.querySelectorAll('.printed tbody tr').length"),
        12
    );
    page.screenshot("static-light", 1280, 900, false);
    page.screenshot("static-dark-narrow", 320, 720, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
}

#[test]
fn a_program_that_does_not_arrive_is_explained() {
    let fail = "globalThis.fetch = () => Promise.reject(new TypeError('no network'))";
    let page = Page::builder()
        .before_load(fail)
        .tolerate("could not be loaded")
        .tolerate("preload")
        .open("?");
    page.wait_for_text("could not be loaded");
    assert!(page.text("main").contains("A = 57.862083"));
}

#[test]
fn an_unknown_address_leads_back() {
    let page = Page::builder().tolerate("404").open("no-such-page");
    assert!(page.text("h1").contains("Page not found"));
    page.click("a");
    page.wait_for("document.querySelector('#home h1')");
}

#[test]
fn the_first_view_asks_for_what_the_build_weighs() {
    // What is kept for use without a network comes after it.
    let page = Page::builder().before_load(NO_WORKER).open("?");
    page.wait_for(FITTED);
    let requests = page.requests();
    for Request { path, status, .. } in &requests {
        assert_eq!(*status, 200, "{path}");
    }
    // The icon of 350 bytes is the tab's and the manifest's.
    let requests = requests.iter().filter(|r| r.path != "icon.svg");
    let mut paths: Vec<_> = requests.map(|request| &request.path).collect();
    let count = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), count, "a file was sent twice");
    let weighed = include_str!("../first-view.csv").lines().skip(1);
    let weighed = weighed.flat_map(|line| line.rsplit(',').next().unwrap_or(line).split(' '));
    let mut weighed: Vec<&str> = weighed
        .filter(|file| !["", "icon.svg"].contains(file))
        .collect();
    for path in paths {
        // The folder itself is its index.html; `*` stands for a hash.
        let name = if path.is_empty() { "index.html" } else { path };
        let place = weighed.iter().position(|file| match file.split_once('*') {
            None => *file == name,
            Some((start, end)) => name.starts_with(start) && name.ends_with(end),
        });
        weighed.remove(place.unwrap_or_else(|| panic!("first-view.csv lacks {name}")));
    }
    assert!(weighed.is_empty(), "not asked for: {weighed:?}");
}

/// A library for GPUs is a quarter of a megabyte that neither fits nor figures need.
#[test]
fn page_and_details_bring_no_gpu() {
    let page = Page::builder().before_load(NO_WORKER).open("?");
    page.wait_for(FITTED);
    page.click("#tab-certainty");
    page.wait_for("document.querySelector('#certainty p:not(.waiting)')");
    let requests = page.requests();
    let scripts = requests.iter().filter(|r| r.path.ends_with(".js"));
    let scripts: Vec<_> = scripts.collect();
    assert!(scripts.iter().any(|script| script.path == "details.js"));
    for Request { path, body, .. } in scripts {
        let glue = String::from_utf8_lossy(body);
        assert!(!glue.contains("requestAdapter"), "{path}");
    }
}

/// Addresses of before: the view that each opens, and a text that shows its analysis.
#[test]
fn old_addresses_open_the_same_views() {
    let page = Page::open("?page=yours");
    let views = [
        ("?page=yours", "main.yours", "Stored files"),
        ("?v=2&page=yours", "main.yours", "Stored files"),
        ("?page=run", "main.run", "model"),
        ("?v=2&page=run&model=shapes", "main.run", "model"),
        ("?page=verify", "main.verify", "printed numbers"),
        ("?v=1&page=verify", "main.verify", "printed numbers"),
        ("?page=figures", "main.figures", "ImageNet robustness"),
        ("?v=2&page=findings", "main.findings", "Coverage"),
        ("?page=methods", "main.methods", "SHA-256"),
        (
            "?v=2&table=plotted_frontier&page=embed",
            "main.embed",
            "ImageNet-1k",
        ),
        ("?v=2&page=explore", "main.explore", "ImageNet-1k"),
        (
            "?v=1&dataset=mscoco_captions&metric=image_retrieval_recall%405",
            "main.explore",
            "MS-COCO image retrieval",
        ),
        (
            "?v=1&threshold=2e7",
            "main.explore",
            "needs at least 4 points",
        ),
        (
            "?v=2&frontier=pareto&loss=huber",
            "main.explore",
            "ImageNet-1k",
        ),
        (
            "?v=2&table=plotted_frontier&dataset=imagenet-r",
            "main.explore",
            "ImageNet-R",
        ),
        (
            "?v=2&table=segmentation&dataset=ade20k&metric=miou",
            "main.explore",
            "ADE20K",
        ),
    ];
    for (address, main, text) in views {
        page.go(address);
        page.wait_for(&format!("document.querySelector('{main}')"));
        page.wait_for_text(text);
    }
    // The links of a section's heading, too: they lead to its tab.
    for (id, tab) in [
        ("numbers", "Points"),
        ("residuals", "Residuals"),
        ("export", "Export"),
        ("certainty", "Uncertainty"),
        ("pair", "Compare"),
        ("laws", "Compare"),
        ("search", "Compare"),
        ("allocation", "Allocation"),
    ] {
        page.go(&format!("?v=2#{id}"));
        page.wait_for(&format!(
            "document.querySelector('[role=tab][aria-selected=true]')?.textContent === '{tab}'"
        ));
        page.wait_for(&format!(
            "document.querySelector('#{id}')?.checkVisibility()"
        ));
    }
}
