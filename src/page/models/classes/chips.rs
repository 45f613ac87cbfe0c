//! The classes as chips, and a field that adds to them.

use crate::page::list;
use crate::page::models::session::{ClassSet, lines};
use leptos::html::{Input, Ul};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlElement, KeyboardEvent};

/// Chips that are shown; longer lists are edited as text.
const SHOWN: usize = 60;

/// The chips' state: which of them the Tab key reaches, and what was done last.
#[derive(Clone, Copy)]
struct ChipList {
    classes: ClassSet,
    /// The place of the chip in the order of the Tab key.
    current: RwSignal<usize>,
    /// What was added or removed, for screen readers, or why not.
    message: RwSignal<String>,
    chips: NodeRef<Ul>,
    input: NodeRef<Input>,
}

impl ChipList {
    fn len(self) -> usize {
        self.classes.labels.with_untracked(|text| lines(text).len())
    }

    /// Adds what was typed or pasted: classes apart by commas or lines.
    fn add(self, text: &str) {
        let added = text.split([',', '\n', '\t', ';']).map(str::trim);
        let added: Vec<String> = added.filter(|c| !c.is_empty()).map(str::to_owned).collect();
        if added.is_empty() {
            return;
        }
        let count = added.len();
        let known = self.classes.add(added.clone());
        let message = match (count - known.len(), &known[..]) {
            (0, [one]) => format!("“{one}” is in the list already."),
            (0, _) => "They are in the list already.".to_owned(),
            (1, []) => format!("Added “{}”.", added[0]),
            (new, []) => format!("Added {new} classes."),
            (new, known) => format!("Added {new}; {} were in the list already.", known.len()),
        };
        self.message.set(message);
    }

    /// Removes a class; the focus goes to the next, or to the field.
    fn remove(self, place: usize) {
        let Some(removed) = self.classes.remove(place) else {
            return;
        };
        self.message.set(format!("Removed “{removed}”."));
        match self.len().min(SHOWN) {
            0 => self.focus_input(),
            count => self.focus(place.min(count - 1)),
        }
    }

    fn focus_input(self) {
        if let Some(input) = self.input.get_untracked() {
            let _ = input.focus();
        }
    }

    /// Moves the focus to a chip once it is drawn.
    fn focus(self, place: usize) {
        self.current.set(place);
        request_animation_frame(move || {
            let chips = self.chips.try_get_untracked().flatten();
            let buttons = chips.and_then(|chips| chips.query_selector_all("button").ok());
            let button = buttons.and_then(|buttons| buttons.get(place as u32));
            if let Some(button) = button {
                let _ = button.unchecked_into::<HtmlElement>().focus();
            }
        });
    }

    fn chip_key(self, place: usize, event: &KeyboardEvent) {
        let last = self.len().min(SHOWN).saturating_sub(1);
        match event.key().as_str() {
            "Delete" | "Backspace" => self.remove(place),
            "ArrowLeft" => self.focus(place.saturating_sub(1)),
            "ArrowRight" if place == last => self.focus_input(),
            "ArrowRight" => self.focus(place + 1),
            "Home" => self.focus(0),
            "End" => self.focus(last),
            _ => return,
        }
        event.prevent_default();
    }

    fn input_key(self, event: &KeyboardEvent) {
        let input = event_target::<web_sys::HtmlInputElement>(event);
        match event.key().as_str() {
            // An input method takes Enter for itself.
            "Enter" | "," if !event.is_composing() => {
                self.add(&input.value());
                input.set_value("");
            }
            "Backspace" | "ArrowLeft" if input.value().is_empty() => {
                match self.len().min(SHOWN).checked_sub(1) {
                    Some(last) => self.focus(last),
                    None => return,
                }
            }
            _ => return,
        }
        event.prevent_default();
    }

    /// A list is added; a single class is pasted as text, so that it can be changed first.
    fn paste(self, event: &web_sys::Event) {
        let data = event.dyn_ref::<ClipboardEvent>();
        let text = data.and_then(|event| event.clipboard_data()?.get_data("text").ok());
        let Some(text) = text.filter(|text| text.contains([',', '\n', '\t', ';'])) else {
            return;
        };
        event.prevent_default();
        let input = event_target::<web_sys::HtmlInputElement>(event);
        self.add(&format!("{}\n{text}", input.value()));
        input.set_value("");
    }
}

#[component]
pub(super) fn Chips(classes: ClassSet) -> impl IntoView {
    let state = ChipList {
        classes,
        current: RwSignal::new(0),
        message: RwSignal::new(String::new()),
        chips: NodeRef::new(),
        input: NodeRef::new(),
    };
    let chips = move || {
        let labels = classes.labels.with(|text| lines(text));
        let last = labels.len().min(SHOWN).saturating_sub(1);
        let chips = labels.into_iter().take(SHOWN).enumerate();
        list(chips.map(|(place, label)| chip(state, place, last, label)))
    };
    let more = move || {
        let count = classes.labels.with(|text| lines(text).len());
        let more = count.checked_sub(SHOWN).filter(|more| *more > 0)?;
        Some(format!("and {more} more, to be edited as text below"))
    };
    view! {
        <ul class="chips" aria-labelledby="classes" node_ref=state.chips>
            {chips}
        </ul>
        <p class="aside" hidden=move || more().is_none()>
            {more}
        </p>
        <div class="choices add-class">
            <label class="choice">
                <span>"Add classes"</span>
                <input
                    name="New class"
                    placeholder="a cat, a dog"
                    autocomplete="off"
                    enterkeyhint="enter"
                    aria-describedby="add-class"
                    node_ref=state.input
                    on:keydown=move |event| state.input_key(&event)
                    on:paste=move |event| state.paste(&event)
                />
            </label>
            <button
                type="button"
                class="add"
                on:click=move |_| {
                    if let Some(input) = state.input.get_untracked() {
                        state.add(&input.value());
                        input.set_value("");
                        let _ = input.focus();
                    }
                }
            >
                "Add"
            </button>
            <button
                type="button"
                class="clear"
                hidden=move || classes.labels.with(|text| lines(text).is_empty())
                on:click=move |_| {
                    classes.labels.set(String::new());
                    state.message.set("Removed all classes.".to_owned());
                    state.focus_input();
                }
            >
                "Clear classes"
            </button>
        </div>
        <p class="aside" id="add-class">
            "Enter or a comma adds what you type; a pasted list is added whole. Delete removes the focused class."
        </p>
        <p class="aside message" role="status">
            {state.message}
        </p>
    }
}

fn chip(state: ChipList, place: usize, last: usize, label: String) -> AnyView {
    let remove = format!("Remove {label}");
    // One of the chips is in the order of the Tab key, also after others were removed as text.
    let is_current = move || state.current.get().min(last) == place;
    view! {
        <li>
            <span>{label}</span>
            <button
                type="button"
                aria-label=remove
                tabindex=move || if is_current() { "0" } else { "-1" }
                on:click=move |_| state.remove(place)
                on:focus=move |_| state.current.set(place)
                on:keydown=move |event| state.chip_key(place, &event)
            >
                "×"
            </button>
        </li>
    }
    .into_any()
}
