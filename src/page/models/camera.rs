//! Classifying the camera's frames, one at a time.

use super::answer::bars;
use super::notice::{DEMO, is_demo};
use super::ranking::RankedClass;
use super::session::Session;
use crate::page::messages::error_if_any;
use crate::page::work::yield_now;
use crate::text;
use js_sys::Promise;
use leptos::html::Video;
use leptos::prelude::*;
use refit_clip::browser::now;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlVideoElement, MediaStream, MediaStreamConstraints, MediaStreamTrack};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    fn create_image_bitmap(source: &HtmlVideoElement) -> Result<Promise, JsValue>;
}

const ACCESS_DENIED: &str = "Camera access was denied. Allow it in the browser, and check that no other program is using the camera.";

#[derive(Clone, Copy)]
struct LiveCamera {
    session: Session,
    stream: RwSignal<Option<MediaStream>, LocalStorage>,
    /// The last frame's classes, and how long they took in milliseconds.
    ranking: RwSignal<Option<(Vec<RankedClass>, f64)>>,
    problem: RwSignal<Option<String>>,
}

impl LiveCamera {
    fn stop(self) {
        if let Some(stream) = self.stream.try_get_untracked().flatten() {
            for track in stream.get_tracks().iter() {
                track.unchecked_into::<MediaStreamTrack>().stop();
            }
        }
        let _ = self.stream.try_set(None);
    }

    async fn start(self, video: HtmlVideoElement) {
        self.problem.set(None);
        let constraints = MediaStreamConstraints::new();
        constraints.set_video(&true.into());
        let devices = window().navigator().media_devices();
        let stream =
            devices.and_then(|devices| devices.get_user_media_with_constraints(&constraints));
        let stream = match stream {
            Ok(stream) => JsFuture::from(stream).await,
            Err(error) => Err(error),
        };
        let Ok(stream) = stream else {
            return self.problem.set(Some(ACCESS_DENIED.to_owned()));
        };
        let stream: MediaStream = stream.unchecked_into();
        video.set_src_object(Some(&stream));
        self.stream.set(Some(stream));
        if let Ok(playing) = video.play() {
            // A video that does not play has no frames.
            let _ = JsFuture::from(playing).await;
        }
        self.classify_frames(video).await;
    }

    async fn classify_frames(self, video: HtmlVideoElement) {
        let model = self.session.model;
        while self.stream.try_get_untracked().flatten().is_some() {
            if model.loaded().is_none() || !video.is_connected() {
                self.stop();
                return;
            }
            let (start, load) = (now(), model.current_load());
            let frame = match create_image_bitmap(&video) {
                Ok(frame) => JsFuture::from(frame).await,
                Err(error) => Err(error),
            };
            let Ok(frame) = frame else {
                // The camera has not delivered a frame yet.
                yield_now().await;
                continue;
            };
            match model.engine().encode_frame(frame.unchecked_into()).await {
                Ok(encoding) => {
                    let ranking =
                        encoding.and_then(|encoding| self.session.rank(&encoding.embedding));
                    let ranking = ranking.map(|ranking| (ranking, now() - start));
                    let _ = self.ranking.try_set(ranking);
                }
                // Another model was chosen.
                Err(_) if !load.is_latest() => {}
                Err(failure) => {
                    self.stop();
                    return model.fail(failure);
                }
            }
        }
    }
}

#[component]
pub fn Camera(session: Session, is_shown: Signal<bool>) -> impl IntoView {
    let camera = LiveCamera {
        session,
        stream: RwSignal::new_local(None),
        ranking: RwSignal::new(None),
        problem: RwSignal::new(None),
    };
    on_cleanup(move || camera.stop());
    // Nobody is filmed unseen.
    Effect::new(move || {
        if !is_shown.get() {
            camera.stop();
        }
    });
    let video = NodeRef::<Video>::new();
    let is_on = move || camera.stream.with(Option::is_some);
    let switch = move |_| {
        if camera.stream.with_untracked(Option::is_some) {
            camera.stop();
        } else if let Some(video) = video.get_untracked() {
            leptos::task::spawn_local(camera.start(video));
        }
    };
    let ranking = move || {
        let (ranking, milliseconds) = camera.ranking.get()?;
        let pace = format!("{} per frame", text::milliseconds(milliseconds));
        Some(view! {
            {is_demo(camera.session).then(|| view! { <p class="callout">{DEMO}</p> })}
            {bars(&ranking)}
            <p class="aside">{pace}</p>
        })
    };
    view! {
        <section aria-label="Camera">
            <p class="toolbar">
                <button type="button" class="camera" on:click=switch>
                    {move || if is_on() { "Stop the camera" } else { "Start the camera" }}
                </button>
                <span class="aside">"Frames stay on this device."</span>
            </p>
            {error_if_any(camera.problem)}
            // Of classes, or a head, that the model cannot use.
            {error_if_any(session.classes.problem)}
            <div class="camera-view" hidden=move || !is_on()>
                <video node_ref=video class="large" muted playsinline aria-label="Camera"></video>
                <div class="live">{ranking}</div>
            </div>
        </section>
    }
}
