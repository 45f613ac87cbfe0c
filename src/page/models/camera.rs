//! The reader's camera, classified live: one frame at a time, so that none ever waits.

use super::answers::bars;
use super::protocol::{EncodedImage, Request};
use super::ranking::{RankedClass, shares};
use super::session::{Session, State, vectors};
use crate::page::work::yield_now;
use crate::text;
use js_sys::{Array, Promise};
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

#[derive(Clone, Copy)]
struct Camera {
    session: Session,
    stream: RwSignal<Option<MediaStream>, LocalStorage>,
    answer: RwSignal<Option<(Vec<RankedClass>, f64)>>,
    problem: RwSignal<Option<&'static str>>,
}

impl Camera {
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
        let refused = "The camera is not given to this page; allow it in the browser, and see that nothing else uses it.";
        let asked = MediaStreamConstraints::new();
        asked.set_video(&true.into());
        let devices = window().navigator().media_devices();
        let stream = devices.and_then(|devices| devices.get_user_media_with_constraints(&asked));
        let stream = match stream {
            Ok(stream) => JsFuture::from(stream).await,
            Err(error) => Err(error),
        };
        let Ok(stream) = stream else {
            return self.problem.set(Some(refused));
        };
        let stream: MediaStream = stream.unchecked_into();
        video.set_src_object(Some(&stream));
        self.stream.set(Some(stream));
        if let Ok(playing) = video.play() {
            // What does not play shows as no frame.
            let _ = JsFuture::from(playing).await;
        }
        self.watch(video).await;
    }

    async fn watch(self, video: HtmlVideoElement) {
        while self.stream.try_get_untracked().flatten().is_some() {
            if self.session.ready().is_none() || !video.is_connected() {
                self.stop();
                return;
            }
            let (start, mine) = (now(), self.session.loads.get_untracked());
            let bitmap = match create_image_bitmap(&video) {
                Ok(bitmap) => JsFuture::from(bitmap).await,
                Err(error) => Err(error),
            };
            let Ok(bitmap) = bitmap else {
                // No frame yet.
                yield_now().await;
                continue;
            };
            let engine = self.session.engine.get_value();
            let frames = Array::of1(&bitmap);
            let ask = Request::Pictures { keep: false };
            let seen = engine
                .ask_with::<Vec<Result<EncodedImage, String>>>(
                    &ask,
                    frames.clone().into(),
                    frames,
                    |_| {},
                )
                .await;
            match seen {
                Ok(seen) => {
                    let unit = vectors(&seen.beside, 1);
                    let shares = unit.first().and_then(|unit| shares(self.session, unit));
                    let answer = shares.map(|shares| (shares, now() - start));
                    let _ = self.answer.try_set(answer);
                }
                // Another model was chosen: no fault.
                Err(_) if self.session.loads.get_untracked() != mine => {}
                Err(failure) => {
                    self.stop();
                    return self.session.state.set(State::Failed(failure));
                }
            }
        }
    }
}

#[component]
pub fn Live(session: Session) -> impl IntoView {
    let camera = Camera {
        session,
        stream: RwSignal::new_local(None),
        answer: RwSignal::new(None),
        problem: RwSignal::new(None),
    };
    on_cleanup(move || camera.stop());
    let video = NodeRef::<Video>::new();
    let is_on = move || camera.stream.with(Option::is_some);
    let switch = move |_| {
        if camera.stream.with_untracked(Option::is_some) {
            camera.stop();
        } else if let Some(video) = video.get_untracked() {
            leptos::task::spawn_local(camera.start(video));
        }
    };
    view! {
        <section aria-labelledby="camera">
            <h2 id="camera">"Camera"</h2>
            <p class="toolbar">
                <button type="button" class="camera" on:click=switch>
                    {move || if is_on() { "Stop the camera" } else { "Use the camera" }}
                </button>
                <span class="aside">"Frames are looked at here and thrown away."</span>
            </p>
            <p class="error" role="alert" hidden=move || camera.problem.with(Option::is_none)>
                {move || camera.problem.get()}
            </p>
            <div class="answer" hidden=move || !is_on()>
                <video node_ref=video class="large" muted playsinline aria-label="The camera"></video>
                <div class="live">
                    {move || {
                        camera
                            .answer
                            .get()
                            .map(|(shares, milliseconds)| {
                                view! {
                                    {bars(&shares)}
                                    <p class="aside">
                                        {format!("{} a frame", text::milliseconds(milliseconds))}
                                    </p>
                                }
                            })
                    }}
                </div>
            </div>
        </section>
    }
}
