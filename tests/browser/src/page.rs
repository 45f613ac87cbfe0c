//! A page in Chromium, and what a test does with it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use headless_chrome::{
    Browser, LaunchOptions, Tab,
    browser::tab::point::Point,
    protocol::cdp::{
        Browser as Permissions, Emulation,
        Input::{self, DispatchDragEventTypeOption as Drag},
        Log, Page as Cdp, Runtime, Storage,
        types::Event,
    },
};
use serde_json::{Value, json};

use crate::{Extra, Manner, Request, Site};

/// How long a page may take to become what a test waits for, software rendering included.
const PATIENCE: Duration = Duration::from_secs(180);

/// WebGPU in software, and nothing in the background.
const FLAGS: [&str; 7] = [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A camera that shows a clock, and nobody who must allow it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// Said of every page: Chromium does not check a preload's digest itself. The
/// loader's own fetch of the same bytes has it checked. And said of a page that is left before its icon has come.
const HARMLESS: [&str; 2] = [
    "`integrity` attribute is currently ignored for preload destinations",
    "Error while trying to use the following icon from the Manifest",
];

/// What a browser has complained about.
type Complaints = Arc<Mutex<Vec<String>>>;

/// What to arrange before a page opens.
#[derive(Default)]
pub struct PageBuilder {
    scripts: Vec<String>,
    tolerated: Vec<String>,
    patience: Option<Duration>,
    extras: Vec<Extra>,
    flags: Vec<String>,
    without_scripts: bool,
}

impl PageBuilder {
    /// Runs no script of the page, as a browser in which they are turned off.
    pub fn without_scripts(mut self) -> Self {
        self.without_scripts = true;
        self
    }

    /// Has the site serve a file beside the built page, or in place of one of its own.
    pub fn serve(mut self, path: &str, body: Vec<u8>, manner: Manner) -> Self {
        self.extras.push(Extra {
            path: path.into(),
            body,
            manner,
        });
        self
    }

    /// Serves this file in place of one of the page's own.
    pub fn instead(self, path: &str, file: impl AsRef<Path>) -> Self {
        let body = fs::read(file).expect("the file to serve");
        self.serve(path, body, Manner::Whole)
    }

    /// Runs `script` in every document before the page's own scripts.
    pub fn before_load(mut self, script: &str) -> Self {
        self.scripts.push(script.into());
        self
    }

    /// Lets the browser say something that contains `text` without failing the test.
    pub fn tolerate(mut self, text: &str) -> Self {
        self.tolerated.push(text.into());
        self
    }

    /// Waits longer, or shorter, than the usual half minute.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Starts the browser with one more flag.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Opens a path of the site (`"?v=1"`, `"404-please"`) in a fresh browser.
    #[track_caller]
    pub fn open(mut self, path: &str) -> Page {
        let site = Site::with(std::mem::take(&mut self.extras));
        let address = site.address(path);
        self.launch(&address, Some(site))
    }

    /// Opens an address that something else serves.
    #[track_caller]
    pub fn open_address(self, address: &str) -> Page {
        self.launch(address, None)
    }

    #[track_caller]
    fn launch(self, address: &str, site: Option<Site>) -> Page {
        let flags = FLAGS
            .into_iter()
            .chain(self.flags.iter().map(String::as_str));
        let options = LaunchOptions::default_builder()
            .path(std::env::var_os("REFIT_CHROME").map(PathBuf::from))
            // Chromium's sandbox refuses to run as root.
            .sandbox(!is_root())
            .enable_gpu(true)
            .window_size(Some((1280, 900)))
            .args(flags.map(OsStr::new).collect())
            // A quiet page is not a dead one.
            .idle_browser_timeout(Duration::from_secs(900))
            .build()
            .expect("launch options");
        let browser = Browser::new(options).expect("Chromium starts (REFIT_CHROME names it)");
        let complaints = Arc::default();
        let page = Page {
            tab: tab(&browser, &self.scripts, &complaints),
            site,
            complaints,
            scripts: self.scripts,
            tolerated: self.tolerated,
            patience: self.patience.unwrap_or(PATIENCE),
            browser,
        };
        if self.without_scripts {
            page.call(Emulation::SetScriptExecutionDisabled { value: true });
        }
        page.navigate(address);
        page
    }
}

/// A page open in its own Chromium.
///
/// Dropping it fails the test if the browser reported an error meanwhile: on the
/// console, an uncaught exception, a violated policy, a file that did not load.
pub struct Page {
    tab: Arc<Tab>,
    site: Option<Site>,
    complaints: Complaints,
    scripts: Vec<String>,
    tolerated: Vec<String>,
    patience: Duration,
    // Dropped last: it ends the browser.
    browser: Browser,
}

impl Page {
    /// What can be arranged before a page opens.
    pub fn builder() -> PageBuilder {
        PageBuilder::default()
    }

    /// Opens a path of the site in a fresh browser.
    #[track_caller]
    pub fn open(path: &str) -> Self {
        Self::builder().open(path)
    }

    /// Goes to another path of the site in the same browser.
    #[track_caller]
    pub fn go(&self, path: &str) {
        let site = self.site.as_ref().expect("a page of the site");
        self.navigate(&site.address(path));
    }

    /// Closes the tab, and opens a path of the site in another of the same browser.
    #[track_caller]
    pub fn reopen(&mut self, path: &str) {
        let closed = std::mem::replace(
            &mut self.tab,
            tab(&self.browser, &self.scripts, &self.complaints),
        );
        closed.close(false).expect("the tab closes");
        self.go(path);
    }

    #[track_caller]
    fn navigate(&self, address: &str) {
        self.call(Cdp::Navigate {
            url: address.into(),
            referrer: None,
            transition_Type: None,
            frame_id: None,
            referrer_policy: None,
        });
        self.wait_for(&format!(
            "location.href.startsWith({}) && document.readyState === 'complete'",
            json!(address.split('#').next())
        ));
    }

    /// The value of a JavaScript expression, its promise awaited.
    #[track_caller]
    pub fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression)
            .unwrap_or_else(|error| panic!("{expression}\n{error}\n{}", self.report()))
    }

    fn try_eval(&self, expression: &str) -> Result<Value, String> {
        let answer = self
            .tab
            .call_method(Runtime::Evaluate {
                expression: expression.into(),
                return_by_value: Some(true),
                await_promise: Some(true),
                user_gesture: Some(true),
                generate_preview: None,
                silent: None,
                include_command_line_api: None,
                object_group: None,
                context_id: None,
                throw_on_side_effect: None,
                timeout: None,
                disable_breaks: None,
                repl_mode: None,
                // The page's policy binds the page, not its test.
                allow_unsafe_eval_blocked_by_csp: Some(true),
                unique_context_id: None,
                serialization_options: None,
            })
            .map_err(|error| error.to_string())?;
        match answer.exception_details {
            Some(details) => Err(describe(&details)),
            None => Ok(answer.result.value.unwrap_or(Value::Null)),
        }
    }

    /// Waits until a JavaScript condition, or what its promise resolves to, holds; fails with what
    /// the page shows.
    #[track_caller]
    pub fn wait_for(&self, condition: &str) {
        let deadline = Instant::now() + self.patience;
        let mut last = Ok(Value::Null);
        while Instant::now() < deadline {
            last = self.try_eval(&format!("Promise.resolve({condition}).then(Boolean)"));
            if last == Ok(Value::Bool(true)) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let error = last.err().unwrap_or_default();
        panic!(
            "waited {:?} for {condition} {error}\n{}",
            self.patience,
            self.report()
        );
    }

    /// Waits until the text of the page contains `text`.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ));
    }

    /// Waits until each of these canvases shows more than a background.
    #[track_caller]
    pub fn wait_for_drawn(&self, canvases: &str) {
        // Chromium complains of a canvas that is read often, unless it was made for that: a copy is.
        self.wait_for(&format!(
            "[...document.querySelectorAll({})].every(canvas => {{
                if (!canvas.width) return false;
                const copy = new OffscreenCanvas(canvas.width, canvas.height)
                    .getContext('2d', {{ willReadFrequently: true }});
                copy.drawImage(canvas, 0, 0);
                const {{ data }} = copy.getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(data.buffer)).size > 20;
            }})",
            json!(canvases)
        ));
    }

    /// Goes through Explore's points, key by key, to the first whose checkpoint the page runs; its
    /// name in Run.
    #[track_caller]
    pub fn find_checkpoint(&self) -> String {
        self.eval("document.querySelector('.canvas canvas:last-of-type').focus()");
        let mut presses = 0;
        while !self.has(".tooltip a") {
            self.press("ArrowRight");
            self.wait_for("document.querySelector('.tooltip')");
            presses += 1;
            assert!(presses < 100, "no run has a checkpoint");
        }
        let address = self.attribute(".tooltip a", "href").expect("a link");
        let (_, id) = address.split_once("model=").expect("a model");
        id.to_owned()
    }

    /// Whether an element is there.
    #[track_caller]
    pub fn has(&self, selector: &str) -> bool {
        self.eval(&format!(
            "document.querySelector({}) !== null",
            json!(selector)
        )) == true
    }

    /// The visible text of the first element that matches.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.with(selector, "return element.innerText");
        text.as_str().unwrap_or_default().trim().to_owned()
    }

    /// An attribute of the first element that matches.
    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let value = self.with(
            selector,
            &format!("return element.getAttribute({})", json!(name)),
        );
        value.as_str().map(str::to_owned)
    }

    /// Clicks the first element that matches.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.with(
            selector,
            "element.scrollIntoView({block: 'center'}); element.click()",
        );
    }

    /// Moves the mouse onto the middle of the first element that matches.
    #[track_caller]
    pub fn hover(&self, selector: &str) {
        let middle = self.with(
            selector,
            "element.scrollIntoView({block: 'center'});
             const { left, top, width, height } = element.getBoundingClientRect();
             return [left + width / 2, top + height / 2];",
        );
        let [x, y] = [0, 1].map(|i| middle[i].as_f64().unwrap_or_default());
        if let Err(error) = self.tab.move_mouse_to_point(Point { x, y }) {
            panic!("the mouse cannot be moved: {error}\n{}", self.report());
        }
    }

    /// Drops files and folders of this machine onto the page, as from a file manager.
    #[track_caller]
    pub fn drop_paths(&self, paths: &[&Path]) {
        let files = paths.iter().map(|path| path.display().to_string());
        let data = Input::DragData {
            items: Vec::new(),
            files: Some(files.collect()),
            // To copy.
            drag_operations_mask: 1,
        };
        for step in [Drag::DragEnter, Drag::DragOver, Drag::Drop] {
            self.call(Input::DispatchDragEvent {
                Type: step,
                x: 300.0,
                y: 300.0,
                data: data.clone(),
                modifiers: None,
            });
        }
    }

    /// Presses a key (`"Tab"`, `"Enter"`, `"ArrowRight"`, `"a"`) where the focus is.
    #[track_caller]
    pub fn press(&self, key: &str) {
        if let Err(error) = self.tab.press_key(key) {
            panic!(
                "the key {key} cannot be pressed: {error}\n{}",
                self.report()
            );
        }
    }

    /// Sets an input, a select or a checkbox (`"true"`, `"false"`) as a reader would.
    #[track_caller]
    pub fn set_value(&self, selector: &str, value: &str) {
        self.with(
            selector,
            &format!(
                "if (['checkbox', 'radio'].includes(element.type)) element.checked = {value} === 'true';
                 else element.value = {value};
                 for (const kind of ['input', 'change'])
                     element.dispatchEvent(new Event(kind, {{bubbles: true}}));",
                value = json!(value)
            ),
        );
    }

    /// Sets the size of the view, and light or dark.
    #[track_caller]
    pub fn set_view(&self, width: u32, height: u32, dark: bool) {
        self.call(Emulation::SetDeviceMetricsOverride {
            width,
            height,
            device_scale_factor: 1.0,
            mobile: width < 600,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        });
        let scheme = if dark { "dark" } else { "light" };
        self.call(Emulation::SetEmulatedMedia {
            media: None,
            features: Some(vec![Emulation::MediaFeature {
                name: "prefers-color-scheme".into(),
                value: scheme.into(),
            }]),
        });
        // Two frames: one that lays out, one that paints what the layout asked for.
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// Shows the page as it is printed, after what the page does before that.
    #[track_caller]
    pub fn print(&self) {
        self.eval("dispatchEvent(new Event('beforeprint'))");
        self.call(Emulation::SetEmulatedMedia {
            media: Some("print".into()),
            features: None,
        });
        self.wait_for("matchMedia('print').matches");
    }

    /// Shows the page in the few colours that a reader's system forces on it.
    #[track_caller]
    pub fn force_colors(&self) {
        self.call(Emulation::SetEmulatedMedia {
            media: None,
            features: Some(vec![Emulation::MediaFeature {
                name: "forced-colors".into(),
                value: "active".into(),
            }]),
        });
        self.wait_for("matchMedia('(forced-colors: active)').matches");
    }

    /// Saves what a view of this size shows as `target/screenshots/NAME.png`.
    #[track_caller]
    pub fn screenshot(&self, name: &str, width: u32, height: u32, dark: bool) -> PathBuf {
        self.set_view(width, height, dark);
        self.capture(name)
    }

    /// Saves what the page shows, as it is, as `target/screenshots/NAME.png`.
    #[track_caller]
    pub fn capture(&self, name: &str) -> PathBuf {
        let png = self
            .tab
            .capture_screenshot(Cdp::CaptureScreenshotFormatOption::Png, None, None, true)
            .unwrap_or_else(|error| panic!("no screenshot: {error}\n{}", self.report()));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/screenshots");
        fs::create_dir_all(folder).expect("a folder for screenshots");
        let file = PathBuf::from(folder).join(format!("{name}.png"));
        fs::write(&file, png).expect("a screenshot");
        file
    }

    /// Puts `text` on the clipboard.
    #[track_caller]
    pub fn set_clipboard(&self, text: &str) {
        self.allow_clipboard();
        self.eval(&format!("navigator.clipboard.writeText({})", json!(text)));
    }

    /// What is on the clipboard.
    #[track_caller]
    pub fn clipboard(&self) -> String {
        self.allow_clipboard();
        let text = self.eval("navigator.clipboard.readText()");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Lets the page use the clipboard, as a reader who is asked would.
    #[track_caller]
    pub fn allow_clipboard(&self) {
        self.call(Permissions::GrantPermissions {
            permissions: vec![
                Permissions::PermissionType::ClipboardReadWrite,
                Permissions::PermissionType::ClipboardSanitizedWrite,
            ],
            origin: None,
            browser_context_id: None,
        });
        self.call(Emulation::SetFocusEmulationEnabled { enabled: true });
    }

    /// What the browser complained about so far, less what the test tolerates.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.complaints.lock().unwrap().clone();
        complaints.retain(|said| {
            let tolerated = self.tolerated.iter().any(|text| said.contains(text));
            !tolerated && !HARMLESS.iter().any(|text| said.contains(text))
        });
        complaints
    }

    /// What the browser complained about so far, which then no longer fails the test.
    pub fn take_complaints(&self) -> Vec<String> {
        let complaints = self.complaints();
        self.complaints.lock().unwrap().clear();
        complaints
    }

    /// Lets the site keep no more than so many bytes.
    #[track_caller]
    pub fn set_quota(&self, bytes: f64) {
        let origin = self.eval("location.origin");
        self.call(Storage::OverrideQuotaForOrigin {
            origin: origin.as_str().unwrap_or_default().into(),
            quota_size: Some(bytes),
        });
    }

    /// Suspends the page as a browser does with tabs in the background, or lets it go on.
    #[track_caller]
    pub fn suspend(&self, is_suspended: bool) {
        let state = match is_suspended {
            true => Cdp::SetWebLifecycleStateStateOption::Frozen,
            false => Cdp::SetWebLifecycleStateStateOption::Active,
        };
        self.call(Cdp::SetWebLifecycleState { state });
    }

    /// Takes the network away.
    pub fn go_offline(&self) {
        self.site.as_ref().expect("a page of the site").go_away();
    }

    /// The most memory, in MB, that a process of this browser has had so far, where the system
    /// tells: `renderer` runs the page, `gpu-process` its GPU.
    pub fn peak_memory(&self, kind: &str) -> Option<f64> {
        let peaks = self.processes(kind).into_iter();
        let peaks = peaks.filter_map(|process| status(process, "VmHWM:"));
        peaks.max().map(|peak| peak as f64 / 1000.0)
    }

    /// Lets the processes of a kind take no more than so many MB beyond what they have.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn limit_memory(&self, kind: &str, megabytes: u64) {
        for process in self.processes(kind) {
            let has = status(process, "VmSize:").expect("its size");
            let limit = 1000 * has + 1_000_000 * megabytes;
            let limited = std::process::Command::new("prlimit")
                .args(["--pid", &process.to_string(), &format!("--as={limit}")])
                .status();
            assert!(limited.is_ok_and(|status| status.success()));
        }
    }

    /// The processes of this browser of a kind, where the system tells.
    fn processes(&self, kind: &str) -> Vec<u32> {
        let Some(browser) = self.browser.get_process_id() else {
            return Vec::new();
        };
        let kind = format!("--type={kind}");
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            let is_kind = String::from_utf8_lossy(&command).contains(&kind);
            (is_kind && descends(process, browser)).then_some(process)
        })
        .collect()
    }

    /// What the page asked the site for so far.
    pub fn requests(&self) -> Vec<Request> {
        self.site.as_ref().map(Site::requests).unwrap_or_default()
    }

    /// Runs statements with `element` bound to the first element that matches, once there is one.
    #[track_caller]
    fn with(&self, selector: &str, statements: &str) -> Value {
        let find = format!("document.querySelector({})", json!(selector));
        self.wait_for(&find);
        self.eval(&format!("(element => {{ {statements} }})({find})"))
    }

    #[track_caller]
    fn call<C>(&self, method: C) -> C::ReturnObject
    where
        C: headless_chrome::protocol::cdp::types::Method + serde::Serialize + std::fmt::Debug,
    {
        let what = format!("{method:?}");
        self.tab
            .call_method(method)
            .unwrap_or_else(|error| panic!("Chromium refused {what}: {error}"))
    }

    fn report(&self) -> String {
        let text = self.try_eval("document.body.innerText");
        let text = text.unwrap_or_default();
        format!(
            "--- the page says:\n{:.2000}\n--- the browser says:\n{}",
            text.as_str().unwrap_or_default(),
            self.complaints().join("\n")
        )
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let complaints = self.complaints();
        // A second panic would hide the first.
        if !complaints.is_empty() && !thread::panicking() {
            panic!("the browser complained:\n{}", complaints.join("\n"));
        }
    }
}

/// A new tab, which runs scripts in every document before the document's own.
fn tab(browser: &Browser, scripts: &[String], complaints: &Complaints) -> Arc<Tab> {
    let tab = browser.new_tab().expect("a tab");
    tab.set_default_timeout(PATIENCE);
    listen(&tab, complaints);
    for script in scripts {
        let added = tab.call_method(Cdp::AddScriptToEvaluateOnNewDocument {
            source: script.clone(),
            world_name: None,
            include_command_line_api: None,
            run_immediately: None,
        });
        added.expect("a script");
    }
    tab
}

/// Collects what the browser complains about, from now on.
fn listen(tab: &Tab, complaints: &Complaints) {
    let seen = Arc::clone(complaints);
    let hear = move |event: &Event| {
        let said = match event {
            // Policies, integrity and failed loads come this way, not through the console.
            Event::LogEntryAdded(event) => {
                let entry = &event.params.entry;
                let serious = matches!(
                    entry.level,
                    Log::LogEntryLevel::Error | Log::LogEntryLevel::Warning
                );
                serious.then(|| format!("{} {}", entry.text, entry.url.as_deref().unwrap_or("")))
            }
            Event::RuntimeConsoleAPICalled(event) => {
                let serious = matches!(
                    event.params.Type,
                    Runtime::ConsoleAPICalledEventTypeOption::Error
                        | Runtime::ConsoleAPICalledEventTypeOption::Warning
                        | Runtime::ConsoleAPICalledEventTypeOption::Assert
                );
                serious.then(|| {
                    let words = event.params.args.iter().map(|word| match &word.value {
                        Some(Value::String(text)) => text.clone(),
                        Some(value) => value.to_string(),
                        None => word.description.clone().unwrap_or_default(),
                    });
                    words.collect::<Vec<_>>().join(" ")
                })
            }
            Event::RuntimeExceptionThrown(event) => Some(describe(&event.params.exception_details)),
            _ => None,
        };
        seen.lock().unwrap().extend(said);
    };
    tab.add_event_listener(Arc::new(hear)).expect("a listener");
    tab.enable_log().expect("the browser's log");
    tab.enable_runtime().expect("the page's console");
}

fn describe(details: &Runtime::ExceptionDetails) -> String {
    let thrown = details.exception.as_ref();
    let thrown = thrown.and_then(|thrown| thrown.description.clone());
    format!("{} {}", details.text, thrown.unwrap_or_default())
}

/// A number of a process's status.
fn status(process: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn descends(mut process: u32, from: u32) -> bool {
    while process > 1 {
        if process == from {
            return true;
        }
        process = status(process, "PPid:").unwrap_or(0) as u32;
    }
    false
}

fn is_root() -> bool {
    let me = std::process::Command::new("id").arg("-u").output();
    me.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
