//! The chart under mouse and keys, the papers' figures, export, themes.

use browser_tests::Page;
use serde_json::Value;

const FITTED: &str = "document.querySelector('[data-parameter]')";

/// The chart's canvas that takes the pointer.
const CHART: &str = ".canvas canvas:last-of-type";

fn query(page: &Page) -> String {
    page.eval("location.search")
        .as_str()
        .expect("text")
        .to_owned()
}

fn number(page: &Page, parameter: &str) -> String {
    let selector = format!("[data-parameter={parameter}]");
    page.attribute(&selector, "data-value").expect("a number")
}

/// Drags over the chart from one place to another, as shares of its width and height.
fn drag(page: &Page, from: (f64, f64), to: (f64, f64), shift: bool) {
    page.eval(&format!(
        "(() => {{
            const chart = document.querySelector('{CHART}');
            chart.scrollIntoView({{block: 'center'}});
            const box = chart.getBoundingClientRect();
            const send = (kind, [x, y]) => chart.dispatchEvent(new PointerEvent(kind, {{
                pointerId: 7, isPrimary: true, bubbles: true, shiftKey: {shift},
                clientX: box.left + x * box.width, clientY: box.top + y * box.height,
            }}));
            send('pointerdown', [{}, {}]);
            send('pointermove', [({} + {}) / 2, ({} + {}) / 2]);
            send('pointermove', [{}, {}]);
            send('pointerup', [{}, {}]);
        }})()",
        from.0, from.1, from.0, to.0, from.1, to.1, to.0, to.1, to.0, to.1
    ));
}

#[test]
fn a_part_of_the_chart_is_seen_shared_and_left() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.click("button[title^='Zoom in']");
    page.wait_for("location.search.includes('window=')");
    let zoomed = query(&page);
    // The law is what it was: what is seen changes no fit.
    let law = number(&page, "A");
    drag(&page, (0.6, 0.5), (0.4, 0.4), false);
    page.wait_for(&format!("location.search !== '{zoomed}'"));
    let moved = query(&page);
    page.screenshot("zoomed-light", 1280, 900, false);
    assert_eq!(number(&page, "A"), law);

    let elsewhere = Page::open(&moved);
    elsewhere.wait_for(FITTED);
    assert_eq!(query(&elsewhere), moved);
    elsewhere.wait_for("document.querySelector('canvas.zoomed')");

    page.eval(&format!("document.querySelector('{CHART}').focus()"));
    page.press("0");
    page.wait_for("!location.search.includes('window=')");
    page.press("+");
    page.wait_for("location.search.includes('window=')");
    // A wheel over the focused chart zooms as well.
    page.press("0");
    page.wait_for("!location.search.includes('window=')");
    page.eval(&format!(
        "document.querySelector('{CHART}').dispatchEvent(new WheelEvent('wheel', \
         {{deltaY: -300, bubbles: true, cancelable: true, clientX: 700, clientY: 400}}))"
    ));
    page.wait_for("location.search.includes('window=')");
    // However often it was zoomed, one step back leaves it.
    let once = query(&page);
    page.press("+");
    page.wait_for(&format!("location.search !== '{once}'"));
    page.eval("history.back()");
    page.wait_for("!location.search.includes('window=')");
    page.wait_for("!document.querySelector('canvas.zoomed')");
}

/// Moves the pointer from place to place, until there is a run near enough; where it then is.
fn hover(page: &Page) -> (f64, f64) {
    page.wait_for(&format!(
        "(() => {{
            const chart = document.querySelector('{CHART}');
            const box = chart.getBoundingClientRect();
            globalThis.place = 0.2 + ((globalThis.place ?? 0.2) - 0.19) % 0.7;
            chart.dispatchEvent(new PointerEvent('pointermove', {{ pointerId: 7, bubbles: true,
                clientX: box.left + place * box.width, clientY: box.top + 0.4 * box.height }}));
            return document.querySelector('.tooltip-place .tooltip');
        }})()"
    ));
    (page.eval("place").as_f64().expect("a place"), 0.4)
}

#[test]
fn a_click_keeps_what_is_told_of_a_run() {
    let page = Page::open("?v=2&table=segmentation");
    page.wait_for(FITTED);
    let at = hover(&page);
    let told = page.text(".tooltip-place .tooltip");
    drag(&page, at, at, false);
    page.wait_for("document.querySelector('.tooltip.pinned')");
    // Neither another run under the pointer nor its leaving takes it away.
    let away = |kind: &str, x: f64| {
        page.eval(&format!(
            "(() => {{
                const chart = document.querySelector('{CHART}');
                const box = chart.getBoundingClientRect();
                chart.dispatchEvent(new PointerEvent('{kind}', {{ pointerId: 7, bubbles: true,
                    clientX: box.left + {x} * box.width, clientY: box.top + 0.4 * box.height }}));
            }})()"
        ));
    };
    for step in 0..20 {
        away("pointermove", 0.2 + 0.03 * f64::from(step));
    }
    away("pointerleave", 0.5);
    let first = told.lines().next().expect("a name");
    assert!(page.text(".tooltip.pinned").starts_with(first), "{told}");
    // Escape lets it go, as a second click does.
    page.eval(&format!("document.querySelector('{CHART}').focus()"));
    page.press("Escape");
    page.wait_for("!document.querySelector('.tooltip')");
    drag(&page, at, at, false);
    page.wait_for("document.querySelector('.tooltip.pinned')");
    drag(&page, at, at, false);
    page.wait_for("!document.querySelector('.tooltip.pinned')");
}

#[test]
fn a_run_is_told_under_the_pointer_without_drawing_the_rest_again() {
    let page = Page::open("?v=2&table=segmentation");
    page.wait_for(FITTED);
    page.wait_for("performance.getEntriesByName('refit:draw').length > 0");
    page.eval("performance.clearMeasures('refit:draw')");
    hover(&page);
    page.wait_for("document.querySelector('.tooltip').textContent.includes('ViT-')");
    // What it was trained with arrives with the first run that is looked at.
    page.wait_for("document.querySelector('.tooltip').textContent.includes('learning rate')");
    let draws = page.eval("performance.getEntriesByName('refit:draw').length");
    assert_eq!(draws, 0, "hovering drew the data");
}

#[test]
fn points_are_excluded_and_restored() {
    let page = Page::open("?v=2&table=plotted_frontier");
    page.wait_for(FITTED);
    let law = number(&page, "A");
    page.eval(&format!("document.querySelector('{CHART}').focus()"));
    page.press("ArrowRight");
    page.wait_for("document.querySelector('.tooltip')");
    page.press("Enter");
    page.wait_for("location.search.includes('exclude=0&data=')");
    page.wait_for(&format!(
        "document.querySelector('[data-parameter=A]').dataset.value !== '{law}'"
    ));
    page.wait_for_text("24 on the frontier");
    page.wait_for_text("Restore 1 point");
    // The run keeps the focus, says what became of it, and Enter brings it back.
    page.wait_for("document.querySelector('.tooltip')?.innerText.includes('excluded')");
    page.press("Enter");
    page.wait_for("!location.search.includes('exclude=')");
    page.wait_for("document.querySelector('.tooltip') && !document.querySelector('.tooltip').innerText.includes('excluded')");
    page.press("Enter");
    page.wait_for_text("Restore 1 point");
    // The verdict was of all points.
    page.wait_for_text("not compared, since points or loss are others");

    // A rectangle over all takes more out; the link carries them.
    page.click("button[title^='Draw a rectangle']");
    drag(&page, (0.1, 0.05), (0.4, 0.5), false);
    page.wait_for("!document.body.innerText.includes('Restore 1 point')");
    let out = query(&page);
    page.screenshot("taken-out-light", 1280, 900, false);
    let elsewhere = Page::open(&out);
    elsewhere.wait_for(FITTED);
    assert_eq!(number(&elsewhere, "A"), number(&page, "A"));

    page.eval("[...document.querySelectorAll('.toolbar button')].find(b => b.innerText.startsWith('Restore')).click()");
    page.wait_for(&format!(
        "document.querySelector('[data-parameter=A]').dataset.value === '{law}'"
    ));
    page.wait_for("document.querySelector('.printed-law a')");
    // Rows of other data are not left out.
    let old = out.replace("data=", "data=0");
    elsewhere.go(&old);
    elsewhere.wait_for_text("another edition of the data");
}

#[test]
fn series_hide_and_axes_change() {
    let page = Page::open("?v=2&lines=model");
    page.wait_for(FITTED);
    page.click(".legend li:nth-child(2) button");
    page.wait_for("location.search.includes('hide=1')");
    page.wait_for(
        "document.querySelector('.legend li:nth-child(2) button').ariaPressed === 'false'",
    );
    page.click(".toolbar .switch input");
    page.wait_for("location.search.includes('x=linear')");
    page.screenshot("by-model-dark", 1280, 900, true);
    page.screenshot("by-model-phone", 360, 800, false);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
    let last =
        page.eval("document.querySelector('nav').lastElementChild.getBoundingClientRect().right");
    assert!(last.as_f64().is_some_and(|right| right <= 360.0), "{last}");
}

#[test]
fn every_figure_of_the_papers_is_drawn_and_opens() {
    let page = Page::open("?v=2&page=figures");
    page.wait_for("document.querySelectorAll('.law-verdict').length >= 14");
    let cards = page.eval("document.querySelectorAll('.figure-card').length");
    assert!(cards.as_u64().is_some_and(|n| n >= 35), "{cards}");
    // None stays blank.
    page.wait_for_drawn(".figure-card canvas");
    let verdicts = page.eval(
        "[...document.querySelectorAll('.law-verdict .verdict')].map(v => v.innerText).join()",
    );
    let verdicts = verdicts.as_str().expect("text");
    assert_eq!(verdicts.matches("differs").count(), 1, "{verdicts}");
    // A small chart tells its series apart.
    let unnamed = page.eval(
        "[...document.querySelectorAll('.figure-card')].filter(c => !c.querySelector('.legend li')?.innerText.match(/[●■▲◆]\\s*\\S/)).length",
    );
    assert_eq!(unnamed, 0);
    let legend = page.text(".figure-card .legend");
    assert!(
        legend.contains("■") && legend.contains("MaMMUT"),
        "{legend}"
    );
    page.wait_for("document.querySelectorAll('.sets a').length >= 41");
    page.screenshot("figures-light", 1280, 1100, false);
    page.screenshot("figures-phone", 360, 800, false);
    // In the other theme they are drawn anew.
    page.set_view(1280, 1100, true);
    page.go("?v=2&page=figures");
    page.wait_for("document.querySelectorAll('.law-verdict').length >= 14");
    page.screenshot("figures-dark", 1280, 1100, true);
    page.eval("[...document.querySelectorAll('.figure-card h3 a')].find(a => a.innerText === 'ImageNet robustness').click()");
    page.wait_for_text("ImageNet robustness (5 sets) top-1 accuracy");
    page.wait_for("document.querySelector('[data-parameter=beta]')");
    let beta: f64 = number(&page, "beta").parse().expect("a number");
    assert!((beta - 11.61).abs() < 0.005, "{beta}");
}

/// Keeps every file that the page offers.
const KEEP_FILES: &str = "globalThis.files = {}; const make = URL.createObjectURL; \
    URL.createObjectURL = blob => { globalThis.last = blob; return make.call(URL, blob); }; \
    HTMLAnchorElement.prototype.click = function () { globalThis.files[this.download] = globalThis.last; };";

#[test]
fn exports_are_what_is_shown() {
    let page = Page::builder()
        .before_load(KEEP_FILES)
        .open("?v=2&table=plotted_frontier");
    page.wait_for(FITTED);
    page.click("#tab-export");
    page.wait_for("document.querySelector('#export button:not([disabled])')");
    let kinds = ["PNG", "SVG", "Points, CSV", "Laws as curves", "JSON"];
    for (i, kind) in kinds.into_iter().enumerate() {
        page.eval(&format!(
            "[...document.querySelectorAll('#export button')].find(b => b.innerText.includes('{kind}')).click()"
        ));
        page.wait_for(&format!("Object.keys(files).length === {}", i + 1));
    }
    let text = |name: &str| {
        let text = page.eval(&format!("files['{name}'].text()"));
        text.as_str().expect("text").to_owned()
    };
    let json: Value = serde_json::from_str(&text("refit.json")).expect("JSON");
    let a = json["series"][0]["fit"]["parameters"][0]["value"].as_f64();
    assert_eq!(a, number(&page, "A").parse().ok());
    // It leads back from wherever the file lies.
    let link = json["link"].as_str().expect("a link");
    assert_eq!(page.eval("location.href.split('#')[0]"), link);
    assert_eq!(text("refit-points.csv").lines().count(), 52);
    assert_eq!(text("refit-curves.csv").lines().count(), 1 + 2 * 201);
    let svg = text("refit.svg");
    let empty = page.eval(&format!(
        "[...new DOMParser().parseFromString({}, 'image/svg+xml').querySelectorAll('text')].filter(t => !t.textContent.trim()).length",
        serde_json::json!(svg)
    ));
    assert_eq!(empty, 0, "minor grid lines have no words");
    assert!(
        svg.contains("<svg") && svg.contains("MaMMUT, DataComp-1.4B"),
        "{svg:.300}"
    );
    // What it shows, and from where, is in it as words.
    let told = page.eval(&format!(
        "(() => {{ const svg = new DOMParser().parseFromString({}, 'image/svg+xml'); \
         return svg.querySelector('svg > title').textContent + svg.querySelector('svg > desc').textContent; }})()",
        serde_json::json!(svg)
    ));
    for part in [
        "ImageNet-1k top-1 accuracy: CLIP, DataComp-1.4B, MaMMUT, DataComp-1.4B",
        "E = 0.1011",
        "arXiv 2506.04598",
        link,
    ] {
        assert!(
            told.as_str().is_some_and(|told| told.contains(part)),
            "{part}: {told}"
        );
    }
    // Those who see it read the source below it.
    let written = page.eval(&format!(
        "[...new DOMParser().parseFromString({}, 'image/svg+xml').querySelectorAll('text')].map(t => t.textContent.trim()).join(' ')",
        serde_json::json!(svg)
    ));
    let written = written.as_str().expect("text").replace(' ', "");
    for part in ["Filled marks: fitted", "arXiv 2506.04598", link] {
        assert!(
            written.contains(&part.replace(' ', "")),
            "{part}: {written}"
        );
    }
    let size = page.eval("createImageBitmap(files['refit.png']).then(b => [b.width, b.height])");
    assert_eq!(size, serde_json::json!([1920, 1280]));
    for (kind, part) in [
        ("Markdown", "| MaMMUT, DataComp-1.4B | E | 0.1011"),
        ("LaTeX", "\\begin{tabular}"),
        ("BibTeX", "2506.04598"),
        ("HTML", "page=embed"),
    ] {
        page.eval(&format!(
            "[...document.querySelectorAll('#export button')].find(b => b.innerText.includes('{kind}')).click()"
        ));
        page.wait_for(&format!(
            "document.querySelector('#export pre')?.innerText.includes({})",
            serde_json::json!(part)
        ));
    }
    page.screenshot("export-light", 1280, 900, false);
    page.go("?v=2&table=plotted_frontier&page=embed");
    page.wait_for_text("Open in Refit");
    page.wait_for("document.querySelector('.masthead').offsetHeight === 0");
    page.wait_for("document.querySelector('.canvas canvas').width > 300");
    page.screenshot("embed-light", 720, 640, false);
    // The whole page opens beside the frame, not in it.
    page.eval("document.querySelector('.embed a').click()");
    assert!(query(&page).contains("page=embed"));
}

#[test]
fn light_and_dark_are_the_readers_choice() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.set_view(1280, 900, false);
    page.click("button.theme");
    page.wait_for("document.documentElement.dataset.theme === 'dark'");
    let ground = page.eval("getComputedStyle(document.body).backgroundColor");
    assert_eq!(ground, "rgb(20, 24, 29)");
    page.go("?v=2&page=figures");
    page.wait_for("document.querySelector('.gallery')");
    let ground = page.eval("getComputedStyle(document.body).backgroundColor");
    assert_eq!(ground, "rgb(20, 24, 29)", "the choice is kept");
}

#[test]
fn the_page_opens_without_a_network_after_one_visit() {
    let page = Page::builder().tolerate("ERR_EMPTY_RESPONSE").open("?");
    page.wait_for(FITTED);
    page.wait_for("navigator.serviceWorker.controller !== null");
    page.go_offline();
    page.go("?v=2&table=zeroshot&dataset=flickr30k&metric=image_retrieval_recall@5");
    page.wait_for("document.querySelector('[data-parameter=beta]')");
    assert!((number(&page, "beta").parse::<f64>().expect("a number") - 15.51).abs() < 0.005);
    // What is loaded later, too.
    page.go("?v=2&page=verify");
    page.wait_for("document.querySelectorAll('tr[data-id]').length > 500");
    let kept = page.eval("caches.keys().then(keys => keys.length)");
    assert_eq!(kept, 1);
}

#[test]
fn the_numbers_behind_the_chart_are_sorted_and_filtered() {
    let page = Page::open("?v=2&table=plotted_frontier");
    page.wait_for(FITTED);
    page.click("#tab-numbers");
    page.wait_for_text("51 of 51 points");
    let errors = "[...document.querySelectorAll('.sortable tbody tr')].map(r => parseFloat(r.cells[5].innerText))";
    page.click(".sortable th:nth-child(6) button");
    page.wait_for(&format!(
        "{errors}.every((e, i, all) => !i || all[i - 1] <= e)"
    ));
    page.click(".sortable th:nth-child(6) button");
    page.wait_for(&format!(
        "{errors}.every((e, i, all) => !i || all[i - 1] >= e)"
    ));
    page.set_value("input[name=Filter]", "mammut");
    page.wait_for_text("26 of 51 points");
    page.set_value("input[name=Filter]", "no such run");
    page.wait_for_text("0 of 51 points");
    page.click("#tab-residuals");
    page.wait_for("document.querySelector('#residuals canvas')?.width > 300");
    page.screenshot("numbers-light", 1280, 1000, false);
}

#[test]
fn every_column_of_the_points_is_in_view() {
    let page = Page::open("?v=2&table=zeroshot");
    for query in ["?v=2&table=zeroshot", "?"] {
        page.go(query);
        page.wait_for(FITTED);
        page.set_view(1280, 1000, false);
        page.click("#tab-numbers");
        page.wait_for("document.querySelectorAll('#numbers tbody tr').length > 20");
        let out = page.eval(
            "[...document.querySelectorAll('#numbers .scroll, #numbers th, #numbers td')]\
                .filter(e => e.scrollWidth > e.clientWidth).map(e => e.className + e.textContent)",
        );
        assert_eq!(out, serde_json::json!([]), "wider than its place: {query}");
        page.eval("document.querySelector('#numbers').scrollIntoView()");
        page.screenshot(
            if query == "?" {
                "points-comparison"
            } else {
                "points-openclip"
            },
            1280,
            1000,
            false,
        );
    }
}

/// On a phone the choices are a sheet below the chart, which is seen while they change.
#[test]
fn on_a_phone_the_chart_is_seen_while_choices_change() {
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.set_view(360, 800, false);
    let seen = |selector: &str| {
        page.eval(&format!(
            "(() => {{
                const box = document.querySelector('{selector}').getBoundingClientRect();
                return box.width > 0 && box.top < innerHeight && box.bottom > 0;
            }})()"
        ))
    };
    assert_eq!(seen("#choices"), false);
    page.eval("document.querySelector('.canvas').scrollIntoView()");
    page.click("[popovertarget=choices]");
    page.wait_for("document.querySelector('#choices').matches(':popover-open')");
    assert_eq!(seen("#choices"), true);
    let covered = page.eval(
        "document.querySelector('.canvas').getBoundingClientRect().top < \
         document.querySelector('#choices').getBoundingClientRect().top - 200",
    );
    assert_eq!(covered, true);
    let before = number(&page, "A");
    page.set_value("#choices select[name=Law]", "power");
    page.wait_for(&format!(
        "!document.querySelector('[data-parameter=A]') || \
         document.querySelector('[data-parameter=A]').dataset.value !== '{before}'"
    ));
    page.screenshot("explore-sheet", 360, 800, false);
    page.press("Escape");
    page.wait_for("!document.querySelector('#choices').matches(':popover-open')");
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false);
}

/// What loads has its place before: Chromium's own measure, of which 0.1 is called good.
#[test]
fn nothing_moves_while_explore_loads() {
    let page = Page::builder()
        .before_load(
            "globalThis.moved = 0;
            new PerformanceObserver(list => {
                for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) moved += value;
            }).observe({ type: 'layout-shift', buffered: true });",
        )
        .open("?");
    page.wait_for(FITTED);
    page.wait_for_drawn(".canvas canvas:first-child");
    assert!(page.text(".claim").contains(" overtakes "));
    let moved = page.eval("moved").as_f64().expect("a number");
    assert!(moved < 0.02, "{moved}");
}
