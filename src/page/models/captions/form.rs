//! The form for decoding: greedy, beam search or sampling.

use crate::decimal;
use crate::page::list;
use crate::page::models::field::number_field;
use leptos::prelude::*;
use refit_clip::caption::Decoding;

/// How the next token is chosen: a value and a label each.
const METHODS: [(&str, &str); 3] = [
    ("greedy", "greedy"),
    ("beams", "beam search"),
    ("sample", "top-p sampling"),
];

/// The fields as typed.
#[derive(Clone, Copy)]
pub struct DecodingForm {
    method: RwSignal<String>,
    beams: RwSignal<String>,
    length_penalty: RwSignal<String>,
    top_p: RwSignal<String>,
    seed: RwSignal<String>,
    tokens: RwSignal<String>,
}

impl DecodingForm {
    pub fn new() -> DecodingForm {
        let field = |value: &str| RwSignal::new(value.to_owned());
        DecodingForm {
            method: field(METHODS[0].0),
            beams: field("4"),
            length_penalty: field("1"),
            top_p: field("0.9"),
            seed: field("0"),
            tokens: field("30"),
        }
    }

    /// The decoding and the maximum number of tokens, or which field is wrong.
    pub fn read(self) -> Result<(Decoding, usize), String> {
        let integer = |field: RwSignal<String>, name: &str| {
            let value = field.with_untracked(|text| text.trim().parse::<u64>().ok());
            value.ok_or_else(|| format!("{name}: enter a whole number."))
        };
        let number = |field: RwSignal<String>, name: &str| {
            let value = field.with_untracked(|text| decimal::parse(text.trim()));
            let value = value.map(|value| value as f32);
            value.ok_or_else(|| format!("{name}: enter a number."))
        };
        let decoding = match self.method.get_untracked().as_str() {
            "beams" => Decoding::Beam {
                beams: integer(self.beams, "Beams")? as usize,
                length_penalty: number(self.length_penalty, "Length penalty")?,
            },
            "sample" => Decoding::Sample {
                top_p: number(self.top_p, "Top-p")?,
                seed: integer(self.seed, "Seed")?,
            },
            _ => Decoding::GREEDY,
        };
        match integer(self.tokens, "Max tokens")? as usize {
            0 => Err("Max tokens: enter a number above 0.".to_owned()),
            tokens => Ok((decoding, tokens)),
        }
    }
}

#[component]
pub fn DecodingFields(form: DecodingForm) -> impl IntoView {
    let methods = METHODS.map(|(value, text)| view! { <option value=value>{text}</option> });
    let is_other = move |method: &'static str| move || form.method.with(|chosen| chosen != method);
    let choose = move |event| form.method.set(event_target_value(&event));
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Decoding"</span>
                <select name="Decoding" on:change=choose>
                    {list(methods)}
                </select>
            </label>
            <div class="choices" hidden=is_other("beams")>
                {number_field("Beams (1 to 16)", "Beams", form.beams)}
                {number_field("Length penalty (0 favours short)", "Length penalty", form.length_penalty)}
            </div>
            <div class="choices" hidden=is_other("sample")>
                {number_field("Top-p (0 to 1)", "Top-p", form.top_p)}
                {number_field("Seed", "Seed", form.seed)}
            </div>
            {number_field("Max tokens", "Max tokens", form.tokens)}
        </div>
    }
}
