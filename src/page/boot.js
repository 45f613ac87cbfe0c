// Starts the page from the two files that the head preloads, whose names and
// digests Trunk wrote there. A file of its own, since the policy forbids inline scripts.

const root = document.documentElement;

// The reader's choice of light or dark, before anything is painted (src/page/appearance.rs).
try {
    const theme = localStorage.getItem("data-theme");
    if (theme) root.setAttribute("data-theme", theme);
    // Runs of the reader's own are kept here (src/page/user_runs/mod.rs).
    const yours = localStorage.getItem("data-yours");
    if (yours) root.setAttribute("data-yours", yours);
} catch {
    // A browser that keeps nothing.
}

const status = document.getElementById("boot-status");

/** Says, in the words of the reader, why the page stays as it is. */
function explain(sentence, error) {
    if (status) {
        status.textContent = sentence;
        status.hidden = false;
    }
    if (error) console.warn(sentence, error);
}

const link = (selector) => document.querySelector(selector)?.href ?? "";
const GLUE = 'link[rel="modulepreload"]';

/** Programs for what a reader may ask after the first view (src/bin), by name; each is loaded once. */
const programs = new Map();

async function load(name) {
    // Their files keep their names from release to release; the page's own name tells them apart.
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
        // Who asks next tries again.
        programs.delete(name);
        throw error;
    }
}

globalThis.refit = {
    program,
    /** Has a program put a view into a place; false where it has no such view. */
    async show(name, view, place) {
        return (await program(name)).show(view, place);
    },
    /** The rows of a view, the reader's own among them (src/page/data.rs). */
    async joined(...view) {
        return (await program("user_runs")).joined(...view);
    },
};

/** Opens "Your data" and has files read there. */
async function take(files) {
    document.querySelector("nav a[href*='page=yours']")?.click();
    try {
        (await program("user_runs")).take(files);
    } catch (error) {
        // The view says that it could not be loaded.
        console.warn(error);
    }
}

/** Whether the view takes files of its own, which are pictures or models, not tables. */
const takesFiles = () => document.querySelector("main.run") !== null;
const dragsFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    if (!takesFiles()) root.setAttribute("data-dropping", "");
});
addEventListener("dragleave", (event) => {
    // Out of the window, not from one element to the next.
    if (!event.relatedTarget) root.removeAttribute("data-dropping");
});
addEventListener("drop", (event) => {
    root.removeAttribute("data-dropping");
    if (!dragsFiles(event)) return;
    event.preventDefault();
    if (!takesFiles()) take([...event.dataTransfer.files]);
});

/** Some lines, separated into columns: a sentence that somebody pastes by mistake is no table. */
const TABLE = /^[^\n]*[,;\t|{][^\n]*\n[^\n]*[,;\t|}]/;
addEventListener("paste", (event) => {
    if (takesFiles() || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain");
    if (files.length) take([...files]);
    else if (TABLE.test(text)) take([new File([text], "")]);
});

/** Keeps the page for use without a network, once nothing else is to do. */
function keepForLater() {
    const release = link(GLUE).split("/").pop();
    // Where the browser has no such place, the page works all the same, with a network.
    navigator.serviceWorker?.register(`sw.js?release=${release}`).catch(() => {});
}

async function boot() {
    if (typeof WebAssembly !== "object") {
        return explain(
            "This browser does not run WebAssembly, so the laws cannot be refitted here; the printed coefficients are below.",
        );
    }
    const wasm = document.querySelector('link[rel="preload"][type="application/wasm"]');
    try {
        // The preload has put the module into the module map, its digest checked.
        const { default: init } = await import(link(GLUE));
        // `credentials` as the preload's crossorigin has it, so that its bytes are reused.
        const response = fetch(wasm.href, {
            integrity: wasm.integrity,
            credentials: "same-origin",
        });
        await init({ module_or_path: response });
        (globalThis.requestIdleCallback ?? setTimeout)(keepForLater);
    } catch (error) {
        explain(
            "The program of this page could not be loaded, so the laws cannot be refitted here; reloading may help. The printed coefficients are below.",
            error,
        );
    }
}

boot();
