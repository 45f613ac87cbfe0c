// Starts the page from the two files that the head preloads; Trunk writes their names and digests there.

const root = document.documentElement;
const home = document.getElementById("home");

const status = document.getElementById("boot-status");

/** Tells the reader why the page stays static. */
function explain(sentence, error) {
    if (status) {
        status.textContent = sentence;
        status.hidden = false;
    }
    if (error) console.warn(sentence, error);
}

const link = (selector) => document.querySelector(selector)?.href ?? "";
const GLUE = 'link[data-rel="modulepreload"]';

/** Programs loaded on demand (src/bin), by name. */
const programs = new Map();

async function load(name) {
    // Their file names do not change between releases; the page's, which has a hash, does.
    const release = link(GLUE).split("/").pop();
    const address = (file) => new URL(`${file}?${release}`, document.baseURI);
    const program = await import(address(`${name}.js`));
    await program.default({ module_or_path: address(`${name}_bg.wasm`) });
    return program;
}

async function program(name) {
    if (!programs.has(name)) programs.set(name, load(name));
    try {
        return await programs.get(name);
    } catch (error) {
        // The next call tries again.
        programs.delete(name);
        throw error;
    }
}

/** Files of studies that are not bundled; the service worker deletes only caches of its own. */
const STUDIES = "studies";
const HEAD = "/head.txt";
const studyKey = (path) => new URL(`studies/${encodeURIComponent(path)}`, document.baseURI).href;

async function studyFile(path) {
    try {
        return await (await (await caches.open(STUDIES)).match(studyKey(path)))?.text();
    } catch {
        // There is no cache, as in a private window.
        return undefined;
    }
}

const keptPaths = async () =>
    (await (await caches.open(STUDIES)).keys()).map(({ url }) => decodeURIComponent(url.slice(studyKey("").length)));

/** All files of a dropped folder, by their paths in it. */
async function filesOf(entry, prefix = "") {
    if (entry.isFile) {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        return [[prefix + entry.name, file]];
    }
    const reader = entry.createReader();
    const files = [];
    for (;;) {
        // A reader gives a hundred at a time.
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) return files;
        for (const inner of some) files.push(...(await filesOf(inner, `${prefix}${entry.name}/`)));
    }
}

/** Opens a study that was dropped as a folder or zip, and shows it. */
async function openDropped(name, files) {
    const bytes = files.map(async ([, file]) => new Uint8Array(await file.arrayBuffer()));
    try {
        const names = files.map(([path]) => path);
        const reference = await (await program("details")).open_dropped(name, names, await Promise.all(bytes));
        location.search = `?study=${encodeURIComponent(reference)}`;
    } catch (error) {
        // Home has no place for it.
        if (home?.isConnected) {
            history.pushState(null, "", "?");
            await boot();
        }
        dispatchEvent(new CustomEvent("refit:notice", { detail: String(error) }));
    }
}

function stored(key) {
    try {
        return localStorage.getItem(key);
    } catch {
        // There is no local storage.
        return null;
    }
}

/** Until the reader moves. */
let still = true;
for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, () => (still = false), { passive: true });

globalThis.refit = {
    program,
    /** Shows a program's view in an element; false where it has no such view. */
    async show(name, view, place) {
        const skeleton = document.getElementById(`skeleton-${view}`);
        if (skeleton && !programs.has(name)) {
            place.replaceChildren(skeleton.content.cloneNode(true));
            // Readers with classes of their own see no samples (src/page/models/session/).
            const sample = place.querySelector("img");
            if (!(stored("refit-labels") ?? sample.alt).startsWith(sample.alt)) sample.remove();
        }
        const shown = (await program(name)).show(view, place);
        // When the browser looked for the fragment, it was not there. What it holds may still come.
        const target = still && document.getElementById(location.hash.slice(1));
        if (target && target.compareDocumentPosition(place) & 18) {
            place.style.minHeight = "100vh";
            target.scrollIntoView();
        }
        return shown;
    },
    /** The head of a study as text: cached, or bundled, or read and checked anew (src/page/studies.rs). */
    async study(reference) {
        const cached = await studyFile(reference.replace(/\/+$/, "") + HEAD);
        return cached ?? (await program("details")).open_study(reference);
    },
    study_file: (path) => studyFile(path),
    async keep_study_file(path, text) {
        await (await caches.open(STUDIES)).put(studyKey(path), new Response(text));
    },
    /** Reference and head of every study kept here, in turns (src/page/user_runs/studies.rs). */
    async kept_studies() {
        const found = [];
        for (const path of (await keptPaths()).filter((path) => path.endsWith(HEAD))) {
            found.push(path.slice(0, -HEAD.length), await studyFile(path));
        }
        return found;
    },
    async delete_study(reference) {
        const cache = await caches.open(STUDIES);
        const paths = (await keptPaths()).filter((path) => path.startsWith(`${reference}/`));
        await Promise.all(paths.map((path) => cache.delete(studyKey(path))));
    },
    /** The rows of a view with the reader's own (src/page/data.rs). */
    async joined(...view) {
        return (await program("user_runs")).joined(...view);
    },
};

/** Opens "Your data" and imports there files, or those of a folder with their paths. */
async function importFiles(files, folder, paths) {
    if (home?.isConnected) {
        history.pushState(null, "", "?page=yours");
        await boot();
    } else {
        document.querySelector("nav a[href*='page=yours']")?.click();
    }
    try {
        const yours = await program("user_runs");
        if (folder) yours.import_folder(folder, paths, files);
        else yours.import_files(files);
    } catch (error) {
        // The view shows that it could not be loaded.
        console.warn(error);
    }
}

/** Whether the view handles files itself: images and models, not tables. */
const handlesFiles = () => document.querySelector("main.run") !== null;
const dragsFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    if (!handlesFiles()) root.setAttribute("data-dropping", "");
});
addEventListener("dragleave", (event) => {
    // Only when the pointer leaves the window.
    if (!event.relatedTarget) root.removeAttribute("data-dropping");
});
addEventListener("drop", (event) => {
    root.removeAttribute("data-dropping");
    if (!dragsFiles(event)) return;
    event.preventDefault();
    if (handlesFiles()) return;
    const files = [...event.dataTransfer.files];
    const entry = event.dataTransfer.items[0]?.webkitGetAsEntry?.();
    if (files.length === 1 && entry?.isDirectory) {
        filesOf(entry).then((inside) => {
            const paths = inside.map(([path]) => path);
            if (paths.some((path) => path.split("/").pop() === "study.json")) openDropped(entry.name, inside);
            else importFiles(inside.map(([, file]) => file), entry.name, paths);
        });
    } else if (files.length === 1 && files[0].name.endsWith(".zip")) {
        openDropped(files[0].name, [[files[0].name, files[0]]]);
    } else {
        importFiles(files);
    }
});

/** Several lines with columns, so that other text pasted by mistake is ignored. */
const TABLE = /^[^\n]*[,;\t|{][^\n]*\n[^\n]*[,;\t|}]/;
addEventListener("paste", (event) => {
    if (handlesFiles() || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain");
    if (files.length) importFiles([...files]);
    else if (TABLE.test(text)) importFiles([new File([text], "")]);
});

/** Caches the page for use offline, when the browser is idle. */
function registerServiceWorker() {
    const release = link(GLUE).split("/").pop();
    // Without one, the page still works online.
    navigator.serviceWorker?.register(`sw.js?release=${release}`).catch(() => {});
}

/** Starts the program in place of Home; true where it runs. */
async function boot() {
    root.setAttribute("data-view", "");
    home?.remove();
    if (typeof WebAssembly !== "object") {
        return explain(
            "This browser does not support WebAssembly, so the laws cannot be refitted. The printed coefficients are below.",
        );
    }
    const wasm = document.querySelector('link[data-rel="preload"]');
    try {
        // The preload has loaded the module and checked its digest.
        const { default: init } = await import(link(GLUE));
        // `credentials` matches the preload's `crossorigin`, so that its response is reused.
        const response = fetch(wasm.href, {
            integrity: wasm.integrity,
            credentials: "same-origin",
        });
        await init({ module_or_path: response });
        return true;
    } catch (error) {
        return explain(
            "The page’s program could not be loaded, so the laws cannot be refitted. Try to reload. The printed coefficients are below.",
            error,
        );
    }
}

/** Sets the theme, or leaves it to the system; charts are drawn again (src/page/appearance.rs). */
function setTheme(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    dispatchEvent(new Event("refit:theme"));
}
// Paper is light.
let onScreen;
addEventListener("beforeprint", () => {
    onScreen = root.dataset.theme;
    setTheme("light");
});
addEventListener("afterprint", () => setTheme(onScreen));
// Back from a file that was dropped on Home.
addEventListener("popstate", () => {
    if (!location.href.includes("?")) location.reload();
});
// Without its script, Home keeps the numbers that it was built with.
const ready = root.hasAttribute("data-view") ? boot() : import("./read/home.js").catch(console.warn);
if (await ready) {
    (globalThis.requestIdleCallback ?? setTimeout)(registerServiceWorker);
}
