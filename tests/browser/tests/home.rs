//! Home: what is seen first, and where it leads.

use browser_tests::Page;

const FITTED: &str = "document.querySelector('[data-parameter]')";

/// The slider is there once its numbers are.
const ANSWERS: &str =
    "document.querySelector('.asked label') && !document.querySelector('.asked label').hidden";

/// Names of what the page has fetched.
fn fetched(page: &Page) -> String {
    page.eval("performance.getEntriesByType('resource').map(e => e.name).join(' ')")
        .as_str()
        .expect("text")
        .to_owned()
}

#[test]
fn home_answers_before_any_program() {
    let page = Page::open("");
    page.wait_for(ANSWERS);
    assert!(page.text("#home h1").contains("recomputed"));
    assert!(page.text(".main-figure h2").contains("overtakes"));
    assert!(!fetched(&page).contains("_bg.wasm"), "{}", fetched(&page));
    // Where all numbers are reproduced, too, a card says what was found.
    let found = page.text(".cards li:has(a[href='read/openclip/']) .found");
    assert_eq!(
        found,
        "Finding: Prose and table print two numbers for one prediction."
    );
    // By keys.
    let before = (page.text("[data-at]"), page.text("[data-law]"));
    page.eval("document.querySelector('.asked input').focus()");
    page.press("ArrowLeft");
    let moved = "document.querySelector('[data-at]').textContent";
    page.wait_for(&format!("{moved} !== '{}'", before.0));
    assert_ne!(page.text("[data-law]"), before.1);
    let spoken = page.attribute(".asked input", "aria-valuetext");
    assert_eq!(spoken, Some(page.text("[data-at]")));
    // The dots are placed on the picture.
    let higher = page.eval(
        "document.querySelector('.plot').clientHeight - document.querySelector('.plot img').clientHeight",
    );
    assert_eq!(higher, 0);
    // By the pointer, in the figure.
    let pressed = page.text("[data-at]");
    page.eval(
        "(() => {
            const plot = document.querySelector('.plot');
            const box = plot.getBoundingClientRect();
            plot.dispatchEvent(new PointerEvent('pointerdown', {
                bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
            }));
        })()",
    );
    page.wait_for(&format!("{moved} !== '{pressed}'"));
    let apart = page.eval(
        "(() => {
            const box = document.querySelector('.plot').getBoundingClientRect();
            const cursor = document.querySelector('.cursor').getBoundingClientRect();
            return Math.abs(cursor.left - box.left - box.width / 2) / box.width;
        })()",
    );
    assert!(apart.as_f64().is_some_and(|x| x < 0.02), "{apart}");
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[test]
fn home_leads_to_the_views_and_they_lead_back() {
    let page = Page::open("");
    page.wait_for(ANSWERS);
    page.click(".main-figure .ways a");
    page.wait_for(FITTED);
    assert!(!page.has("#home"));
    page.click(".masthead .name a");
    page.wait_for(ANSWERS);
    page.click("#papers ~ .cards a[href='read/openclip/']");
    page.wait_for("document.querySelector('.read article')");
    page.click(".masthead .name a");
    page.wait_for(ANSWERS);
    page.click("a[href='?page=run']");
    page.wait_for("document.querySelector('.model-status')");
    page.wait_for("document.title === 'Run — Refit'");
    page.click(".masthead .name a");
    page.wait_for(ANSWERS);
    // The answer comes later than the browser looks for the place that the link names.
    page.click(".opening a[href$='#predictions']");
    page.wait_for_text("64 H100 for 48 h at 35 % of 989 TFLOP/s");
    page.wait_for("(top => top > -5 && top < innerHeight / 2)(document.getElementById('predictions').getBoundingClientRect().top)");
    page.wait_for("document.title === 'Explore — Refit'");
}

#[test]
fn a_table_that_is_dropped_on_home_is_read() {
    let page = Page::open("");
    page.wait_for(ANSWERS);
    page.eval(
        "(() => {
            const transfer = new DataTransfer();
            const rows = [1, 2, 3, 4, 5].map(i => `m${i},1e${i + 5},0.${i + 2}`);
            transfer.items.add(new File([['run,gflops,acc1', ...rows].join('\\n')], 'runs.csv'));
            dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
        })()",
    );
    page.wait_for("location.search.includes('page=yours')");
    page.wait_for_text("runs.csv");
    page.eval("history.back()");
    page.wait_for(ANSWERS);
}

#[test]
fn home_is_read_without_scripts() {
    let page = Page::builder().without_scripts().open("");
    page.wait_for("document.querySelector('.main-figure img').naturalWidth > 0");
    assert!(page.text("noscript").contains("need JavaScript"));
    assert!(page.text("[data-law]").ends_with('%'));
    assert!(page.text(".cards").contains("reproduced"));
    // The place of the program has nothing to show.
    let shown = page.eval("getComputedStyle(document.querySelector('#app')).display");
    assert_eq!(shown, "none");
}

#[test]
fn home_fits_a_narrow_window_in_both_themes() {
    let page = Page::open("");
    page.wait_for(ANSWERS);
    for (width, name) in [(1280, "desktop"), (320, "phone")] {
        for dark in [false, true] {
            page.set_view(width, 900, dark);
            let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
            assert_eq!(wide, false, "{width}");
            page.screenshot(&format!("home-{name}-{dark}"), width, 900, dark);
        }
    }
}
