//! Some of the pairs, or rows of an index, as images with their texts. The images are read when they are shown.

use crate::page::list;
use crate::page::models::answer::signed;
use crate::page::models::session::{FolderIndex, FoundRow, PairSet};
use crate::pairs::KINDS;
use leptos::prelude::*;
use std::rc::Rc;
use web_sys::{Blob, Url};

/// What is shown of one.
struct Item {
    row: u64,
    key: String,
    text: String,
    /// Its own cosine, or that with a query.
    number: f32,
    /// What its text is known to be.
    kind: Option<&'static str>,
    url: Option<String>,
    /// Its image is here, and takes its place before it is read.
    has_image: bool,
}

fn of_set(set: &PairSet, i: usize, number: f32) -> Item {
    Item {
        row: i as u64,
        key: set.keys[i].clone(),
        text: set.facts[i].text.clone(),
        number,
        kind: set.truths[i].map(|kind| KINDS[kind]),
        url: set.facts[i].url.clone(),
        has_image: true,
    }
}

/// Pairs with a number each.
pub(super) fn pairs(set: &Rc<PairSet>, which: Vec<(usize, f32)>) -> AnyView {
    let items = which.iter().map(|(i, number)| of_set(set, *i, *number));
    let places = which.iter().map(|(i, _)| *i).collect();
    view(items.collect(), images_of(set.clone(), places), None)
}

/// Pairs that were found; a box beside each says that results shall be like it.
pub(super) fn found_pairs(
    set: &Rc<PairSet>,
    best: &[FoundRow],
    alike: RwSignal<Vec<u64>>,
) -> AnyView {
    let items = best
        .iter()
        .map(|found| of_set(set, found.row as usize, found.score));
    let places = best.iter().map(|found| found.row as usize).collect();
    view(items.collect(), images_of(set.clone(), places), Some(alike))
}

async fn images_of(set: Rc<PairSet>, places: Vec<usize>) -> Vec<Option<Blob>> {
    set.images(&places).await
}

/// Rows of a folder's index.
pub(super) fn found_rows(
    index: &FolderIndex,
    best: &[FoundRow],
    alike: RwSignal<Vec<u64>>,
) -> AnyView {
    let said = |found: &FoundRow, names: &[&str]| {
        let value = names
            .iter()
            .find_map(|name| found.said.get(*name)?.as_str());
        value.map(str::to_owned)
    };
    let path = |found: &FoundRow| said(found, &["image_path"]);
    let images = best.iter().map(|found| index.image(&path(found)?));
    let images: Vec<Option<Blob>> = images.collect();
    let items = best.iter().zip(&images).map(|(found, image)| Item {
        row: found.row,
        key: path(found).unwrap_or_else(|| format!("row {}", found.row)),
        text: said(found, &["caption", "TEXT"]).unwrap_or_default(),
        number: found.score,
        kind: None,
        url: said(found, &["url", "URL"]),
        has_image: image.is_some(),
    });
    let items = items.collect();
    view(items, async move { images }, Some(alike))
}

fn view(
    items: Vec<Item>,
    images: impl Future<Output = Vec<Option<Blob>>> + 'static,
    alike: Option<RwSignal<Vec<u64>>>,
) -> AnyView {
    let addresses = RwSignal::new_local(vec![None::<String>; items.len()]);
    let revoke = |all: &[Option<String>]| {
        for address in all.iter().flatten() {
            let _ = Url::revoke_object_url(address);
        }
    };
    on_cleanup(move || {
        addresses.try_with_untracked(|all| revoke(all));
    });
    leptos::task::spawn_local(async move {
        let address = |blob: Blob| Url::create_object_url_with_blob(&blob).ok();
        let images = images.await.into_iter();
        let all: Vec<_> = images.map(|blob| blob.and_then(address)).collect();
        // They may no longer be shown.
        if let Some(all) = addresses.try_set(all) {
            revoke(&all);
        }
    });
    let item = |(at, item): (usize, Item)| {
        let (row, number) = (item.row, item.number);
        let more = alike.map(|alike| {
            let is_chosen = move || alike.with(|rows| rows.contains(&row));
            let choose = move |event: web_sys::Event| {
                let is_on = event_target_checked(&event);
                alike.update(|rows| {
                    rows.retain(|other| *other != row);
                    rows.extend(is_on.then_some(row));
                });
            };
            view! {
                " "
                <label class="aside more-like">
                    <input type="checkbox" name="More like this" prop:checked=is_chosen on:change=choose />
                    " more like this"
                </label>
            }
        });
        // Followed only where the reader follows it.
        let link = item.url.map(|url| match url.starts_with("http") {
            true => view! {
                <a class="aside" href=url.clone() rel="noreferrer noopener" target="_blank">
                    {url.clone()}
                </a>
            }
            .into_any(),
            false => view! { <span class="aside">{url}</span> }.into_any(),
        });
        let address = move || addresses.with(|all| all.get(at).cloned().flatten());
        let image = item.has_image.then(|| {
            view! { <img src=address alt="" width="72" height="72" /> }
        });
        let kind = item.kind.map(|kind| format!(", {kind}"));
        view! {
            <li data-key=item.key.clone() data-row=row.to_string() data-cosine=number.to_string()>
                {image}
                <p>
                    {item.text} <br />
                    <span class="aside">{signed(f64::from(number))} {kind} ", " {item.key.clone()}</span>
                    {link}
                    {more}
                </p>
            </li>
        }
    };
    let items = list(items.into_iter().enumerate().map(item));
    view! { <ul class="caption-list">{items}</ul> }.into_any()
}
