//! After a panic the program cannot continue: shows a message with a link that reloads the page. The
//! choices are in the address.

use leptos::prelude::document;
use std::panic::PanicHookInfo;

pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        leptos::logging::error!("{info}");
        // A second failure cannot be shown.
        let _ = show(info);
    }));
}

/// Builds the message without Leptos, whose state can no longer be trusted.
fn show(info: &PanicHookInfo) -> Option<()> {
    let document = document();
    if document.get_element_by_id("panic").is_some() {
        return None;
    }
    let panel = document.create_element("div").ok()?;
    panel.set_id("panic");
    panel.set_attribute("role", "alert").ok()?;
    let text = document.create_element("p").ok()?;
    text.set_text_content(Some(
        "This page crashed. Your choices are in the address; reload to restore them.",
    ));
    // A link works without the program.
    let reload = document.create_element("a").ok()?;
    reload.set_attribute("href", "").ok()?;
    reload.set_class_name("button");
    reload.set_text_content(Some("Reload"));
    let detail = document.create_element("pre").ok()?;
    detail.set_text_content(Some(&info.to_string()));
    for child in [&text, &reload, &detail] {
        panel.append_child(child).ok()?;
    }
    document.body()?.prepend_with_node_1(&panel).ok()
}
