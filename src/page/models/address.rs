//! The hosts that the page may connect to; its Content-Security-Policy names the same.

use leptos::prelude::window;

/// The host of an address, or why the page may not connect to it.
pub fn permitted_host(address: &str) -> Result<String, String> {
    let invalid = || "Enter the address of a file, starting with https://.".to_owned();
    let url = web_sys::Url::new(address).map_err(|_| invalid())?;
    let host = url.hostname();
    let page = window().location().host();
    let is_page = page.is_ok_and(|page| page == url.host());
    let is_hugging_face = ["huggingface.co", "hf.co"].iter().any(|domain| {
        host.strip_suffix(*domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if is_page || (url.protocol() == "https:" && is_hugging_face) {
        return Ok(host);
    }
    Err(format!(
        "This page may connect only to its own host and to Hugging Face, not to {host}. Download the file yourself and open it from your disk."
    ))
}
