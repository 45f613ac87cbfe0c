//! The papers to read, as a reader meets them.

use browser_tests::Page;

const FITTED: &str = "document.querySelector('[data-parameter]')";
const WIDE: &str = "document.documentElement.scrollWidth > innerWidth";
const PAPERS: [&str; 2] = ["openclip", "comparison"];

#[test]
fn a_paper_is_read_without_scripts() {
    let page = Page::builder().without_scripts().open("read/comparison/");
    assert_eq!(page.text("h1"), "Which model wins at larger scale?");
    let numbers = page.eval("document.querySelectorAll('.number').length");
    assert!(numbers.as_u64() >= Some(30), "{numbers}");
    assert_eq!(
        page.text("article > p:first-child .number"),
        "6.66 × 10¹⁰ GFLOPs".replace(' ', "\u{a0}")
    );
    // Figures are there, and answer.
    page.eval("document.querySelector('figure').scrollIntoView()");
    page.wait_for("document.querySelector('figure img').naturalWidth > 0");
    let shown = "[...document.querySelectorAll('#figure-3 .variant')].map(v => v.offsetHeight > 0)";
    assert_eq!(page.eval(shown), serde_json::json!([true, false, false]));
    page.click("#figure-3 input[value='1']");
    assert_eq!(page.eval(shown), serde_json::json!([false, true, false]));
    page.wait_for("document.querySelector('#figure-3 [data-value=\"1\"] img').naturalWidth > 0");
    // Formulas are MathML.
    assert!(page.has("article .formula math"));
}

#[test]
fn a_number_says_what_it_is_and_leads_to_explore() {
    let page = Page::open("read/comparison/");
    let alpha = ".number[href*='plotted_frontier&family=clip']";
    page.eval(&format!("document.querySelector(\"{alpha}\").focus()"));
    let card = format!("{alpha} + .card");
    page.wait_for(&format!(
        "document.querySelector(\"{card}\").offsetHeight > 0"
    ));
    let text = page.text(&card);
    assert!(
        text.contains("α of CLIP, DataComp-1.4B") && text.contains("ImageNet-1k top-1 accuracy"),
        "{text}"
    );
    assert!(
        text.contains("Printed −α = −0.226604") && text.contains("reproduced"),
        "{text}"
    );
    // It is whole in the window.
    let inside = format!(
        "(({{left, right, top}}) => left >= 0 && right <= innerWidth && top >= 0)(document.querySelector(\"{card}\").getBoundingClientRect())"
    );
    assert_eq!(page.eval(&inside), true);
    page.press("Escape");
    page.wait_for(&format!(
        "document.querySelector(\"{card}\").offsetHeight === 0"
    ));
    let shown = page.text(alpha);
    page.click(alpha);
    page.wait_for(FITTED);
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let explored = page.text("[data-parameter=alpha]");
    assert!(
        (number(&explored) - number(&shown)).abs() <= 0.0005,
        "{explored} {shown}"
    );
}

/// Without scripts too, but for Escape.
#[test]
fn a_formula_shows_the_values_of_its_parameters() {
    const FORMULA: &str = ".law .parameters";
    const SHOWN: &str = "document.querySelector('.law .card').offsetHeight > 0";
    for page in [
        Page::open("read/comparison/"),
        Page::builder().without_scripts().open("read/comparison/"),
    ] {
        assert_eq!(page.eval(SHOWN), false);
        page.hover(FORMULA);
        page.wait_for(SHOWN);
        page.hover("h1");
        page.wait_for(&format!("!({SHOWN})"));
        page.eval(&format!("document.querySelector('{FORMULA}').focus()"));
        page.wait_for(SHOWN);
        page.eval("document.activeElement.blur()");
        page.wait_for(&format!("!({SHOWN})"));
    }
    let page = Page::open("read/comparison/");
    page.eval(&format!("document.querySelector('{FORMULA}').focus()"));
    page.wait_for(SHOWN);
    let text = page.text(".law .card");
    for said in [
        "CLIP, DataComp-1.4B",
        "MaMMUT, DataComp-1.4B",
        "exponent",
        "95 %",
        "−α = −0.226604",
        "reproduced",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for (width, dark) in [(1280, false), (1280, true), (360, false)] {
        page.set_view(width, 900, dark);
        page.eval(&format!(
            "document.querySelector('{FORMULA}').scrollIntoView({{block: 'center'}})"
        ));
        let inside = "(({left, right, top, bottom}) => left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight)\
                      (document.querySelector('.law .card').getBoundingClientRect())";
        page.wait_for(inside);
        page.capture(&format!("formula-{width}-{dark}"));
    }
    page.press("Escape");
    page.wait_for(&format!("!({SHOWN})"));
    // Left and met again, it is there again.
    page.eval("document.activeElement.blur()");
    page.eval(&format!("document.querySelector('{FORMULA}').focus()"));
    page.wait_for(SHOWN);
    page.click(".law .card a");
    page.wait_for(FITTED);
}

#[test]
fn the_theme_is_chosen_once_for_papers_home_and_views() {
    const NOW: &str = "document.documentElement.getAttribute('data-theme')";
    let says = |word: &str| {
        format!("document.querySelector('.masthead .theme')?.textContent === '{word}'")
    };
    let page = Page::open("read/openclip/");
    page.wait_for(&says("Dark"));
    assert_eq!(page.eval(NOW), serde_json::Value::Null);
    let light = page.eval("getComputedStyle(document.body).backgroundColor");
    page.click(".masthead .theme");
    page.wait_for(&says("Light"));
    assert_ne!(
        page.eval("getComputedStyle(document.body).backgroundColor"),
        light
    );
    for address in ["read/", "", "?"] {
        page.go(address);
        page.wait_for(&says("Light"));
        assert_eq!(page.eval(NOW), "dark", "{address}");
    }
    page.go("");
    page.wait_for(&says("Light"));
    page.click("#home .masthead .theme");
    page.wait_for(&says("Dark"));
    page.go("read/openclip/");
    page.wait_for(&says("Dark"));
    assert_eq!(
        page.eval("getComputedStyle(document.body).backgroundColor"),
        light
    );
}

#[test]
fn papers_fit_a_narrow_window_in_both_themes() {
    for paper in PAPERS {
        let page = Page::open(&format!("read/{paper}/"));
        for dark in [false, true] {
            page.set_view(320, 800, dark);
            assert_eq!(page.eval(WIDE), false, "{paper}");
            page.screenshot(&format!("read-{paper}-phone-{dark}"), 320, 800, dark);
            page.screenshot(&format!("read-{paper}-{dark}"), 1280, 900, dark);
        }
    }
}

#[test]
fn the_page_leads_to_the_papers_and_back() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.click("nav a[href='read/']");
    page.wait_for("document.querySelectorAll('.papers li').length >= 2");
    page.click(".papers a[href='openclip/']");
    page.wait_for("document.querySelector('.read article')");
    page.click(".ways a");
    page.wait_for(FITTED);
    assert!(
        page.eval("location.search")
            .as_str()
            .is_some_and(|q| q.contains("table=zeroshot"))
    );
}

#[test]
fn papers_are_read_without_a_network() {
    let page = Page::builder().tolerate("ERR_EMPTY_RESPONSE").open("?");
    page.wait_for(FITTED);
    page.wait_for("navigator.serviceWorker.controller !== null");
    page.go_offline();
    page.go("read/openclip/");
    page.wait_for("document.querySelectorAll('.number').length >= 30");
    page.eval("document.querySelector('figure').scrollIntoView()");
    page.wait_for("document.querySelector('figure img').naturalWidth > 0");
}

/// Dragged, turned by a slider, and fitted: then it is the law of the text.
#[test]
fn a_law_is_moved_by_hand_and_found_again() {
    let page = Page::open("read/comparison/");
    page.eval("document.querySelector('.hand').closest('figure').scrollIntoView()");
    page.wait_for("document.querySelector('.by-hand .curve')");
    assert_eq!(page.attribute(".hand", "hidden"), None);
    let curve = "document.querySelector('.by-hand .curve').getAttribute('d')";
    let error = "document.querySelector('[data-error]').textContent";
    let now = |of: &str| page.eval(of).as_str().expect("text").to_owned();
    let (first, before) = (now(curve), now(error));

    // The handle at the curve's end.
    page.eval(
        "(() => {
            const handle = document.querySelectorAll('.by-hand .handle')[1];
            const box = handle.getBoundingClientRect();
            const send = (kind, y) => handle.dispatchEvent(new PointerEvent(kind, {
                pointerId: 1, bubbles: true, cancelable: true,
                clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 + y,
            }));
            send('pointerdown', 0);
            send('pointermove', -40);
            send('pointerup', -40);
        })()",
    );
    page.wait_for(&format!("{curve} !== '{first}'"));
    assert_ne!(now(error), before);

    // A slider, by keys.
    let dragged = now(curve);
    page.eval("document.querySelectorAll('.knobs input')[2].focus()");
    page.press("ArrowRight");
    page.wait_for(&format!("{curve} !== '{dragged}'"));

    let best = page.text(".fit .aside");
    let best = best
        .strip_prefix("at the optimum: ")
        .expect("the best error");
    page.click(".fit button.primary");
    page.wait_for(&format!("{error} === '{best}'"));
    // As the text says, to its three digits.
    let alpha = page.eval("document.querySelectorAll('.knobs output')[2].textContent");
    let told = page.eval(
        "[...document.querySelectorAll('.number')].find(a => a.href.includes('family=clip') && \
         a.nextElementSibling.textContent.startsWith('α')).textContent",
    );
    assert_eq!(alpha, told);
    for (width, dark) in [(1280, false), (360, true)] {
        page.set_view(width, 900, dark);
        page.eval("document.querySelector('.hand').scrollIntoView()");
        let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{width}");
        page.screenshot(&format!("by-hand-{width}"), width, 900, dark);
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}
