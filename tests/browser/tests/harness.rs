//! The harness itself: a check that cannot fail says nothing.

use browser_tests::Page;

#[test]
fn what_the_browser_complains_about_is_heard() {
    let page = Page::open("?");
    page.eval("console.error('an error on the console')");
    page.eval("void setTimeout(() => { throw new Error('an exception nobody caught') })");
    page.eval(
        "void document.body.append(Object.assign(document.createElement('script'),
            {textContent: 'globalThis.intruder = true'}))",
    );
    page.eval("fetch('no-such-file').then(() => new Promise(done => setTimeout(done, 500)))");
    assert_eq!(
        page.eval("globalThis.intruder ?? null"),
        serde_json::Value::Null
    );
    let complaints = page.take_complaints().join("\n");
    for expected in [
        "an error on the console",
        "an exception nobody caught",
        "Content Security Policy",
        "404",
    ] {
        assert!(complaints.contains(expected), "{expected}: {complaints}");
    }
}

#[test]
fn a_reader_types_copies_and_presses() {
    let page = Page::open("?");
    page.eval(
        "document.body.innerHTML = `<input id=text><input id=box type=checkbox><output></output>`;
         document.querySelector('#text').addEventListener('input',
             event => document.querySelector('output').textContent = event.target.value)",
    );
    page.set_value("#text", "0.5");
    assert_eq!(page.text("output"), "0.5");
    page.eval("document.querySelector('#text').focus()");
    page.press("7");
    assert_eq!(page.text("output"), "0.57");
    page.click("#box");
    assert_eq!(page.eval("document.querySelector('#box').checked"), true);
    page.set_clipboard("β = 5.86");
    assert_eq!(page.clipboard(), "β = 5.86");
}
