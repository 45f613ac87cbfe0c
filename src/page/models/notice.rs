//! What an answer's reader should know: that the model does not know such images, or that no class
//! matches well.

use super::answer::signed;
use super::checkpoints::Recommended;
use super::choice::ModelChoice;
use super::protocol::{CheckpointLocation, LoadedModel};
use super::ranking::{Measure, RankedClass};
use super::session::{Session, SourceImage};
use leptos::prelude::*;
use std::rc::Rc;

/// A cosine below which no class matches well.
///
/// A rule of thumb, not a measurement of ours: LAION filtered the pairs that its models are trained on
/// by the cosine of OpenAI's ViT-B/32, LAION-400M at 0.3 and LAION-2B at 0.28 (arXiv 2111.02114,
/// 2210.08402). The class of an image, as a short prompt, may lie below its caption, so less is asked.
const LOW: f32 = 0.2;
/// The factors from cosine to logit for which [`LOW`] was chosen. CLIP's own loss drives it to its
/// bound of 100, so that cosines are comparable between models; a model with another factor, or
/// with a bias (a sigmoid loss), has cosines of another range.
const SCALES: std::ops::Range<f32> = 80.0..101.0;

/// The best cosine where cosines of the model can be held against [`LOW`], and it is below.
fn low(model: &LoadedModel, best: &RankedClass) -> Option<f32> {
    let is_clip = model.logit_bias.is_none() && SCALES.contains(&model.logit_scale);
    match best.measure {
        Measure::Cosine(cosine) if is_clip && cosine < LOW => Some(cosine),
        _ => None,
    }
}

#[component]
pub fn Notice(
    session: Session,
    image: SourceImage,
    ranking: Rc<Vec<RankedClass>>,
) -> impl IntoView {
    // A head that was taught is as good as its accuracy, which Teach measures.
    let has_head = session.classes.head.with(Option::is_some);
    if untrack(|| is_demo(session)) && !image.is_sample && !has_head {
        return view! { <DemoBanner session /> }.into_any();
    }
    let (Some(model), Some(best)) = (session.model.loaded(), ranking.first()) else {
        return ().into_any();
    };
    // The first class has the highest cosine, too.
    let Some(cosine) = low(&model, best) else {
        return ().into_any();
    };
    let sentence = format!(
        "No class matches well: the best cosine is {}. Add a class that names what the image shows.",
        signed(f64::from(cosine))
    );
    view! { <p class="callout warning low">{sentence}</p> }.into_any()
}

/// What to know of a bundled model's answer about anything but a sample.
pub const DEMO: &str =
    "This demo model only knows drawn shapes. Of anything else its answer means nothing.";

/// Whether the model is one of those that come with the page, or a mixture of one: it knows no more than drawings, either.
pub fn is_demo(session: Session) -> bool {
    session.model.choice.with(|choice| match choice.location {
        CheckpointLocation::Mixture(_) => session
            .mixing
            .base
            .with(|base| ModelChoice::is_bundled(&base.key)),
        _ => ModelChoice::is_bundled(&choice.key),
    })
}

/// Says what the bundled models know, and offers one that knows photographs.
#[component]
pub fn DemoBanner(session: Session) -> impl IntoView {
    view! {
        <div class="callout demo">
            <p>{DEMO}</p>
            <Recommended session />
        </div>
    }
}
