//! Tabs by the ARIA pattern: one is in the order of the Tab key, arrows, Home and End move and select,
//! and the address's fragment names the selected one. `tabs.js` does all of this; here is what it finds.

use leptos::prelude::*;

pub struct Tab {
    /// Of its panel.
    pub id: &'static str,
    pub text: &'static str,
    /// Ids and headings of what is in it, each of which leads to it as the address's fragment.
    pub sections: &'static [(&'static str, &'static str)],
}

impl Tab {
    pub const fn new(id: &'static str, text: &'static str) -> Tab {
        Tab::of(id, text, &[])
    }

    pub const fn of(
        id: &'static str,
        text: &'static str,
        sections: &'static [(&'static str, &'static str)],
    ) -> Tab {
        Tab { id, text, sections }
    }

    fn has(&self, fragment: &str) -> bool {
        self.id == fragment || self.sections.iter().any(|(id, _)| *id == fragment)
    }
}

/// The id of the tab that is selected at first: the address's fragment, else `default`.
pub fn first_tab(tabs: &[Tab], default: &'static str) -> &'static str {
    let fragment = window().location().hash().unwrap_or_default();
    let fragment = fragment.trim_start_matches('#');
    let named = tabs.iter().find(|tab| tab.has(fragment));
    named.map_or(default, |tab| tab.id)
}

/// The row of tabs, as HTML: that is a tenth of the code of as many views.
#[component]
pub fn TabList(label: &'static str, tabs: &'static [Tab], first: &'static str) -> impl IntoView {
    let mut html = String::new();
    for Tab { id, text, sections } in tabs {
        let is_first = *id == first;
        let order = if is_first { 0 } else { -1 };
        html += &format!(
            "<button type=button role=tab id=tab-{id} aria-controls={id} aria-selected={is_first} tabindex={order} data-sections=\""
        );
        for (section, _) in *sections {
            html = html + section + " ";
        }
        html = html + "\">" + text + "</button>";
    }
    view! { <div class="tabs" role="tablist" aria-label=label inner_html=html /> }
}

/// What a tab shows. It stays in the document when another is selected, with what the reader did;
/// `open` follows whether it is.
#[component]
pub fn TabPanel(
    id: &'static str,
    first: &'static str,
    #[prop(optional)] open: Option<RwSignal<bool>>,
    children: Children,
) -> impl IntoView {
    let toggled = move |event: leptos::ev::Event| {
        if let Some(open) = open {
            open.set(!event_target::<web_sys::Element>(&event).has_attribute("hidden"));
        }
    };
    view! {
        <div
            role="tabpanel"
            class="panel"
            id=id
            aria-labelledby=format!("tab-{id}")
            tabindex="0"
            hidden=first != id
            on:toggle=toggled
        >
            {children()}
        </div>
    }
}
