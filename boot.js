// Starts the page from the two files that the head preloads, whose names and
// digests Trunk wrote there. A file of its own, since the policy forbids inline scripts.

const status = document.getElementById("boot-status");

/** Says, in the words of the reader, why the page stays as it is. */
function explain(sentence, error) {
    if (status) {
        status.textContent = sentence;
        status.hidden = false;
    }
    if (error) console.warn(sentence, error);
}

async function boot() {
    if (typeof WebAssembly !== "object") {
        return explain(
            "This browser does not run WebAssembly, so the laws cannot be refitted here; the printed coefficients are below.",
        );
    }
    const glue = document.querySelector('link[rel="modulepreload"]');
    const wasm = document.querySelector('link[rel="preload"][type="application/wasm"]');
    try {
        // The preload has put the module into the module map, its digest checked.
        const { default: init } = await import(glue.href);
        // `credentials` as the preload's crossorigin has it, so that its bytes are reused.
        const response = fetch(wasm.href, {
            integrity: wasm.integrity,
            credentials: "same-origin",
        });
        await init({ module_or_path: response });
    } catch (error) {
        explain(
            "The program of this page could not be loaded, so the laws cannot be refitted here; reloading may help. The printed coefficients are below.",
            error,
        );
    }
}

boot();
