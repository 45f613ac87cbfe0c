//! Every view by the rules of axe-core, in light and dark, wide and narrow.
//!
//! `REFIT_AXE` is the path of its program, which `cargo xtask test` sets where it can install it,
//! and says where it cannot.

use browser_tests::Page;
use browser_tests::run::{open_picker, open_tab};

const FITTED: &str = "document.querySelector('[data-parameter]')";

/// The program, and nothing without it.
fn axe() -> Option<String> {
    let path = std::env::var_os("REFIT_AXE")?;
    Some(std::fs::read_to_string(path).expect("axe-core's program"))
}

/// What the page shows, in both themes and at two widths.
fn check(page: &Page, axe: &str, what: &str) {
    for width in [1280, 360] {
        for dark in [false, true] {
            page.set_view(width, 900, dark);
            let what = format!("{what}, width {width}, dark {dark}");
            match dark {
                // What a theme does not change was checked in the other.
                true => check_by(page, axe, OF_COLOURS, &what),
                false => check_as_it_is(page, axe, &what),
            }
        }
    }
}

/// The rules that depend on colours.
const OF_COLOURS: &str = ", runOnly: ['color-contrast', 'link-in-text-block']";

fn check_as_it_is(page: &Page, axe: &str, what: &str) {
    check_by(page, axe, "", what);
}

fn check_by(page: &Page, axe: &str, rules: &str, what: &str) {
    // Colours change by a transition.
    page.wait_for("document.getAnimations().every(a => a.playState !== 'running')");
    page.eval(&format!("{axe};void 0"));
    let found = page.eval(&format!(
        "axe.run(document, {{resultTypes: ['violations']{rules}}}).then(({{violations}}) => violations.map(v => \
             v.id + ' (' + v.help + '): ' + v.nodes.slice(0, 4).map(n => \
             n.target.join(' ') + ' ' + n.any.map(c => c.message).join('; ')).join(' | ')))"
    ));
    assert_eq!(found, serde_json::json!([]), "{what}");
}

#[test]
fn explore_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("?");
    page.wait_for(FITTED);
    check(&page, &axe, "the first view");
    page.eval("document.querySelectorAll('main details').forEach(d => d.open = true)");
    let tabs = page.eval("[...document.querySelectorAll('[role=tab]')].map(tab => tab.id)");
    let tabs: Vec<String> = serde_json::from_value(tabs).expect("a list");
    assert_eq!(tabs.len(), 9);
    for tab in tabs {
        page.click(&format!("#{tab}"));
        page.wait_for("document.querySelector('.panel:not([hidden]) h2')");
        page.wait_for("!document.querySelector('main .waiting')");
        check(&page, &axe, &format!("Explore with {tab}"));
    }
}

#[test]
fn every_other_view_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("?");
    page.wait_for(FITTED);
    for view in ["figures", "verify", "findings", "methods", "yours", "embed"] {
        page.go(&format!("?page={view}"));
        page.wait_for(
            "document.querySelector('main h1, .embed') && !document.querySelector('.waiting')",
        );
        check(&page, &axe, view);
    }
}

#[test]
fn running_a_model_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("?page=run");
    page.wait_for("document.querySelector('.model-status')");
    // Its own samples, and everything opened.
    page.wait_for("document.querySelector('.bars li')");
    page.wait_for("document.querySelector('.accuracy')");
    check(&page, &axe, "Run as it opens");
    open_picker(&page);
    page.wait_for("document.querySelector('.checkpoints tr')");
    page.eval("document.querySelectorAll('main details').forEach(d => d.open = true)");
    page.wait_for("!document.querySelector('main .waiting')");
    check(&page, &axe, "Run with its samples");
    page.screenshot("run-samples-light", 1280, 900, false);
    page.screenshot("run-samples-phone", 360, 800, true);
    for tab in [
        "search",
        "where",
        "captions",
        "comparison",
        "teach",
        "pairs",
        "camera",
    ] {
        open_tab(&page, tab);
        if tab == "where" {
            page.wait_for("document.querySelector('.where')");
        }
        check(&page, &axe, tab);
    }
    // No image and no class.
    open_tab(&page, "classify");
    page.click("button.clear");
    page.click(".add-images button:last-child");
    page.wait_for_text("No images yet.");
    page.wait_for_text("Enter at least one class.");
    check(&page, &axe, "Run without images and classes");
}

#[test]
fn what_was_taught_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = crate::teach::taught();
    page.click(".use-mixed");
    page.wait_for("document.querySelector('.head-list li')");
    page.eval("document.querySelectorAll('#teach details').forEach(d => d.open = true)");
    check(&page, &axe, "a taught head");
    open_tab(&page, "classify");
    check(&page, &axe, "the classes of a head");
}

#[test]
fn embedded_pairs_have_no_violation() {
    let Some(axe) = axe() else { return };
    let page = crate::pairs::embedded(Page::builder());
    check(&page, &axe, "embedded pairs");
}

#[test]
fn the_page_without_its_program_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::builder()
        .before_load("delete globalThis.WebAssembly")
        .tolerate("")
        .open("?");
    page.wait_for("!document.querySelector('#boot-status').hidden");
    check(&page, &axe, "the static page");
    // axe-core takes the dark background of a page without styles for white.
    page.set_view(1280, 900, false);
    page.go("404.html");
    check_as_it_is(&page, &axe, "404.html");
}

#[test]
fn home_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("");
    page.wait_for("!document.querySelector('.asked label').hidden");
    check(&page, &axe, "Home");
}

#[test]
fn a_paper_to_read_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("read/comparison/");
    page.wait_for("document.querySelector('figure img').complete");
    check(&page, &axe, "a paper");
    page.eval("document.querySelector('.number').focus()");
    check(&page, &axe, "a paper with a number's card");
    page.eval("document.querySelector('.hand').closest('figure').scrollIntoView()");
    page.wait_for("document.querySelector('.by-hand .curve')");
    check(&page, &axe, "a paper with a law to be moved");
    page.go("read/");
    check(&page, &axe, "the list of papers");
}

#[test]
fn what_comes_of_a_file_has_no_violation() {
    let Some(axe) = axe() else { return };
    let page = Page::open("?page=yours");
    page.wait_for("document.querySelector('.yours textarea')");
    // One needs a mapping; one is imported except for a row.
    for table in [
        "model\tflops\tacc1\nmine\t1e18\t0.2\n",
        "source,study,parameters,run,family,architecture,pretrain,schedule,samples,samples_seen,compute,dataset,metric,value\n\
         own,comparison,,a,mine,,mine,cosine,,,1e9,imagenet1k,acc1,0.2\n\
         own,comparison,,b,mine,,mine,cosine,,,unknowable,imagenet1k,acc1,0.2\n",
    ] {
        page.set_value(".yours textarea", table);
        page.click(".yours .import button");
    }
    page.wait_for("document.querySelector('.mapping') && document.querySelector('.refusals')");
    page.eval("document.querySelectorAll('main details').forEach(d => d.open = true)");
    check(&page, &axe, "Your data with a mapping, a report and a file");
}
