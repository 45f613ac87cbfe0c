//! The reader's heads as rules: a score from a number on, or the classes that are kept.

use crate::page::list;
use crate::page::messages::{error, error_if_any};
use crate::page::models::checkpoints::files_of;
use crate::page::models::session::{PairSet, Session};
use crate::pairs::head_rule;
use leptos::prelude::*;
use refit_clip::Head;
use refit_pairs::filter::Rule;
use std::rc::Rc;
use std::sync::Arc;

/// A head, whether it is a rule, and what it keeps.
#[derive(Clone)]
pub(super) struct HeadSwitch {
    pub(super) head: Arc<Head>,
    // They outlive the memo that makes them.
    is_on: ArcRwSignal<bool>,
    kept: ArcRwSignal<String>,
}

impl PartialEq for HeadSwitch {
    fn eq(&self, other: &HeadSwitch) -> bool {
        Arc::ptr_eq(&self.head, &other.head)
    }
}

impl HeadSwitch {
    /// Its rule, or why there is none; tracked.
    fn rule(&self, at: usize) -> Result<Rule, String> {
        head_rule(&self.head, at, &self.kept.get())
    }
}

/// The switches of the heads that are kept in this browser, in their order.
pub(super) fn switches(session: Session) -> Memo<Vec<HeadSwitch>> {
    session.read_heads();
    Memo::new(move |before: Option<&Vec<HeadSwitch>>| {
        let known = |head: &Arc<Head>| {
            let mut before = before.into_iter().flatten();
            before
                .find(|switch| Arc::ptr_eq(&switch.head, head))
                .cloned()
        };
        let heads = session.heads.all.get().into_iter();
        let switch = heads.map(|head| {
            known(&head).unwrap_or_else(|| HeadSwitch {
                head,
                is_on: ArcRwSignal::new(false),
                kept: ArcRwSignal::new(String::new()),
            })
        });
        switch.collect()
    })
}

/// The rules of those that are on and have answered; tracked.
pub(super) fn rules(session: Session, switches: Memo<Vec<HeadSwitch>>) -> Vec<Rule> {
    let all = switches.get();
    let each = all.iter().enumerate().filter(|(_, one)| one.is_on.get());
    let answered = each.filter(|(_, one)| {
        let answer = session.pairing.heads.of(&one.head);
        matches!(answer, Some(Ok(_)))
    });
    answered.filter_map(|(at, one)| one.rule(at).ok()).collect()
}

#[component]
pub(super) fn HeadRules(
    session: Session,
    set: StoredValue<Rc<PairSet>, LocalStorage>,
    switches: Memo<Vec<HeadSwitch>>,
) -> impl IntoView {
    let chosen = move |event: web_sys::Event| session.open_heads(files_of(&event), false);
    let rows = move || {
        list(
            switches
                .get()
                .into_iter()
                .map(move |one| row(session, set, one)),
        )
    };
    view! {
        <div class="head-rules" role="group" aria-label="Heads as rules">
            {rows}
        </div>
        <p class="toolbar">
            <label class="button file">
                "Add a head as a rule"
                <input
                    type="file"
                    name="Head as a rule"
                    accept=".json,.safetensors,.pth,.pt,.npy"
                    multiple
                    on:change=chosen
                />
            </label>
            <span class="aside">
                "A linear layer on this model’s embeddings, as LAION’s aesthetic predictors (.pth), or a head from Teach."
            </span>
        </p>
        {error_if_any(session.heads.problem)}
    }
}

fn row(
    session: Session,
    set: StoredValue<Rc<PairSet>, LocalStorage>,
    switch: HeadSwitch,
) -> AnyView {
    let HeadSwitch { head, is_on, kept } = switch.clone();
    let (is_on, kept) = (RwSignal::from(is_on), RwSignal::from(kept));
    let is_score = head.labels.len() == 1;
    let title = match is_score {
        true => format!("{} gives a score at or above the one below", head.name),
        false => format!("{} tells one of the classes below", head.name),
    };
    let first = head.labels.iter().take(3).cloned();
    let (what, hint) = match is_score {
        true => ("Least score that is kept", "5".to_owned()),
        false => (
            "Classes that are kept, with commas between them",
            first.collect::<Vec<_>>().join(", "),
        ),
    };
    let field_name = format!("{what}: {}", head.name);
    let (head_name, asked) = (head.name.clone(), head.clone());
    Effect::new(move || {
        if is_on.get() {
            session.ask_head(set.get_value(), asked.clone());
        }
    });
    let (model, identity) = set.with_value(|set| (set.model.clone(), set.identity.clone()));
    let said = move || {
        is_on.get().then(|| match session.pairing.heads.of(&head) {
            None => view! { <p class="waiting" role="status">"Asking the head…"</p> }.into_any(),
            Some(Err(sentence)) => error(sentence),
            Some(Ok(_)) => match switch.rule(0) {
                Err(sentence) => view! { <p class="aside">{sentence}</p> }.into_any(),
                Ok(_) => {
                    let assumed = head.assumptions(&model, &identity).join(" ");
                    view! { <p class="aside">{assumed}</p> }.into_any()
                }
            },
        })
    };
    let field = move || {
        is_on.get().then(|| {
            view! {
                <label class="choice">
                    <span>{what}</span>
                    <input
                        name=field_name.clone()
                        autocomplete="off"
                        placeholder=hint.clone()
                        prop:value=move || kept.get()
                        on:change=move |event| kept.set(event_target_value(&event))
                    />
                </label>
            }
        })
    };
    view! {
        <div class="head-rule" data-head=head_name>
        <div class="several">
            <label>
                <input
                    type="checkbox"
                    name="head"
                    prop:checked=move || is_on.get()
                    on:change:target=move |event| is_on.set(event.target().checked())
                />
                {title}
            </label>
        </div>
        <div class="choices">{field}</div>
        {said}
        </div>
    }
    .into_any()
}
