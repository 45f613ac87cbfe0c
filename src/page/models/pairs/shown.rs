//! Some of the pairs as images with their texts. The images are read again.

use crate::page::list;
use crate::page::models::answer::signed;
use crate::page::models::session::PairSet;
use crate::pairs::KINDS;
use leptos::prelude::*;
use std::rc::Rc;
use web_sys::Url;

/// Pairs with a number each: their own cosine, or that with a query.
pub(super) fn pairs(set: &Rc<PairSet>, which: Vec<(usize, f32)>) -> AnyView {
    let addresses = RwSignal::new_local(vec![None::<String>; which.len()]);
    let revoke = |all: &[Option<String>]| {
        for address in all.iter().flatten() {
            let _ = Url::revoke_object_url(address);
        }
    };
    on_cleanup(move || {
        addresses.try_with_untracked(|all| revoke(all));
    });
    let places: Vec<usize> = which.iter().map(|(i, _)| *i).collect();
    let from = set.clone();
    leptos::task::spawn_local(async move {
        let images = from.images(&places).await;
        let address = |blob| Url::create_object_url_with_blob(&blob).ok();
        let all: Vec<_> = images.into_iter().map(|b| b.and_then(address)).collect();
        // They may no longer be shown.
        if let Some(all) = addresses.try_set(all) {
            revoke(&all);
        }
    });
    let item = |(at, (i, number)): (usize, (usize, f32))| {
        let text = set.facts[i].text.clone();
        let kind = set.truths[i].map(|kind| format!(", {}", KINDS[kind]));
        view! {
            <li data-key=set.keys[i].clone() data-cosine=number.to_string()>
                <img
                    src=move || addresses.with(|all| all.get(at).cloned().flatten())
                    alt=""
                    width="72"
                    height="72"
                />
                <p>
                    {text} <br />
                    <span class="aside">
                        {signed(f64::from(number))} {kind} ", " {set.keys[i].clone()}
                    </span>
                </p>
            </li>
        }
    };
    let items = list(which.into_iter().enumerate().map(item));
    view! { <ul class="caption-list">{items}</ul> }.into_any()
}
