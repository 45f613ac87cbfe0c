//! The page's components with their states, for those who change it (`?page=components`, which no link
//! leads to). Tokens are in `base.css`, a component's styles in the file that is named beside it.

use crate::claim::Verdict;
use crate::page::choice::radios;
use crate::page::list;
use crate::page::messages::{error, loading};
use crate::page::table::table;
use crate::page::tabs::{Tab, TabList, TabPanel};
use leptos::prelude::*;

const COLOURS: [&str; 9] = [
    "text", "quiet", "ground", "panel", "line", "accent", "warning", "good", "bad",
];
const SIZES: [(&str, &str); 5] = [
    ("h1", "2rem"),
    ("h2", "1.25rem"),
    ("Text", "1rem"),
    ("Label", "0.875rem"),
    ("Aside", "0.8125rem"),
];
const SPACES: [f64; 6] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0];
const TABS: [Tab; 2] = [
    Tab::new("first-panel", "Selected"),
    Tab::new("second-panel", "Other"),
];

#[component]
pub fn Components() -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="components">
            <h1>"Components"</h1>
            <p class="lead">
                "What the page is made of, each with its states. Look at it in light and dark, on a phone and in forced colours after a change to a style."
            </p>
            {section("Colours", "base.css", colours())}
            {section("Type and space", "base.css", type_and_space())}
            {section("Button", "controls.css", buttons())}
            {section("Field", "controls.css", fields())}
            {section("Chip", "answers.css", chips())}
            {section("Tabs", "tabs.css", tabs())}
            {section("Table", "tables.css", tables())}
            {section("Card", "home.css", card())}
            {section("Callout and messages", "answers.css, shell.css", messages())}
            {section("Figure", "figure.css", figure())}
            {section("Live number", "read.css", live_number())}
            {section("Verdict", "papers.css, verify.css", verdicts())}
            {section("Progress", "controls.css", progress())}
            {section("Dialog", "controls.css", dialog())}
        </main>
    }
}

fn section(name: &'static str, file: &'static str, content: AnyView) -> AnyView {
    view! {
        <section class="component">
            <h2>{name}</h2>
            <p class="aside">"Styles: " <code>{file}</code></p>
            {content}
        </section>
    }
    .into_any()
}

fn colours() -> AnyView {
    let swatches = COLOURS.map(|name| {
        view! {
            <li>
                <span class="swatch" style:background=format!("var(--{name})")></span>
                <code>{format!("--{name}")}</code>
            </li>
        }
    });
    view! { <ul class="swatches">{list(swatches)}</ul> }.into_any()
}

fn type_and_space() -> AnyView {
    let sizes = SIZES.map(|(name, size)| {
        view! { <p style:font-size=size>{format!("{name}, {size}: 21.32 % at 2.14 × 10¹² GFLOPs")}</p> }
    });
    let spaces = SPACES.map(|space| {
        view! { <span class="space" style:width=format!("{space}rem")></span> }
    });
    view! {
        {list(sizes)}
        <p class="spaces">{list(spaces)}</p>
    }
    .into_any()
}

fn buttons() -> AnyView {
    view! {
        <div class="choices">
            <button type="button" class="primary">"Primary"</button>
            <button type="button">"Default"</button>
            <button type="button" class="quiet">"Quiet"</button>
            <span class="toolbar">
                <button type="button" aria-pressed="true">"Pressed"</button>
            </span>
            <button type="button" disabled>"Disabled"</button>
            <a class="button" href="?page=components">"A link as a button"</a>
            <a href="?page=components">"A link"</a>
        </div>
    }
    .into_any()
}

fn fields() -> AnyView {
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Text"</span>
                <input value="ViT-L-14 at 12.8B" />
            </label>
            <label class="choice">
                <span>"Empty"</span>
                <input placeholder="2.14e12" />
            </label>
            <label class="choice">
                <span>"Invalid"</span>
                <input value="many" aria-invalid="true" />
            </label>
            <label class="choice">
                <span>"Choice"</span>
                <select>
                    <option>"CLIP"</option>
                    <option>"MaMMUT"</option>
                </select>
            </label>
            <label class="choice">
                <span>"Disabled"</span>
                <input value="1000" disabled />
            </label>
        </div>
        <label class="switch"><input type="checkbox" checked />"Checked"</label>
        <label class="switch"><input type="checkbox" />"Not checked"</label>
        {radios("Law", &["Power law", "Saturating"], RwSignal::new(0))}
        <label class="switch">"Slider " <input type="range" aria-label="Slider" /></label>
    }
    .into_any()
}

fn chips() -> AnyView {
    let chip = |text: &'static str| {
        view! {
            <li>
                <span>{text}</span>
                <button type="button" aria-label=format!("Remove {text}")>"×"</button>
            </li>
        }
    };
    view! { <ul class="chips">{list(["a cat", "three dotted purple squares"].map(chip))}</ul> }
        .into_any()
}

fn tabs() -> AnyView {
    view! {
        <TabList label="Tabs" tabs=&TABS first="first-panel" />
        <TabPanel id="first-panel" first="first-panel">"What the selected tab shows."</TabPanel>
        <TabPanel id="second-panel" first="first-panel">"What the other one shows."</TabPanel>
    }
    .into_any()
}

fn tables() -> AnyView {
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    table(
        Some("Numbers are aligned, units stand in the header".to_owned()),
        &["Parameter", "Value", "Standard error"],
        vec![row(["α", "0.2271", "0.0143"]), row(["E", "0.1112", "–"])],
    )
}

fn card() -> AnyView {
    view! {
        <div class="home">
            <ul class="cards">
                <li>
                    <h3><a href="?page=components">"A card can be opened"</a></h3>
                    <p class="byline">"Authors, 2025"</p>
                    <p>"What is behind it, in two sentences."</p>
                </li>
            </ul>
        </div>
    }
    .into_any()
}

fn messages() -> AnyView {
    view! {
        <div class="callout"><p>"A callout: what the reader should know before going on."</p></div>
        <p class="warning">"A warning: what was assumed, or asked for in vain."</p>
        {error("An error: what, why, and one way on.".to_owned())}
        <p class="note">"A note."</p>
        <p class="aside">"An aside."</p>
        {loading("Loading…")}
    }
    .into_any()
}

fn figure() -> AnyView {
    view! {
        <figure class="figure">
            <svg viewBox="0 0 300 60" role="img" aria-label="A falling curve">
                <path d="M0 5 C 80 10 120 50 300 55" fill="none" stroke="var(--accent)" stroke-width="2" />
            </svg>
            <figcaption>"A caption says what is drawn, with numbers."</figcaption>
        </figure>
    }
    .into_any()
}

/// As in a paper to read; its styles are loaded with it.
fn live_number() -> AnyView {
    view! {
        <link rel="stylesheet" href="read/read.css" />
        <p>
            "MaMMUT’s exponent is "
            <span class="live">
                <a class="number" href="?page=components" aria-describedby="live-number">
                    "0.2557"
                </a>
                <span class="card" id="live-number" role="tooltip">
                    <span class="what">"α of MaMMUT, DataComp-1.4B"</span>
                    <span>"26 points"</span>
                    <span>
                        "Printed 0.255670: " <span class="verdict reproduced">"reproduced"</span>
                    </span>
                </span>
            </span> "."
        </p>
    }
    .into_any()
}

fn verdicts() -> AnyView {
    let each = Verdict::ALL.map(|verdict| {
        view! {
            <tr>
                <td>
                    <span class=format!("verdict {}", verdict.id())>{verdict.title()}</span>
                </td>
            </tr>
        }
    });
    view! {
        <table class="numbers"><tbody>{list(each)}</tbody></table>
        <div class="verdicts">
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                {list(Verdict::ALL.into_iter().enumerate().map(|(i, verdict)| {
                    view! { <rect class=verdict.id() x=25 * i width="25" height="4" /> }
                }))}
            </svg>
        </div>
    }
    .into_any()
}

fn progress() -> AnyView {
    view! {
        <div class="progress">
            <progress value="3" max="8" aria-label="Progress"></progress>
            <span>"3 of 8 MB"</span>
            <button type="button">"Cancel"</button>
        </div>
        <div class="progress">
            <progress aria-label="Progress of unknown length"></progress>
            <span>"Loading…"</span>
        </div>
    }
    .into_any()
}

fn dialog() -> AnyView {
    view! {
        <button type="button" popovertarget="component-dialog">"Open"</button>
        <div id="component-dialog" popover="auto" class="sheet">
            <p>"Escape, or a press beside it, closes it."</p>
            <button type="button" popovertarget="component-dialog" popovertargetaction="hide">
                "Close"
            </button>
        </div>
    }
    .into_any()
}
