// bench.html?backend=cpu|gpu|gpu16&workers=N&weights=ADDRESS&captions: what every engine's page gives the
// benchmark. The model is in a worker, as on the published page.

const query = new URLSearchParams(location.search);
const backend = query.get("backend") ?? "cpu";
const workers = query.get("workers");
const weights = new URL(query.get("weights") ?? "ViT-B-32.safetensors", location.href).href;
const TOKENS = 77;

const worker = new Worker("worker.js", { type: "module" });
let answer;

/** What the worker answers; it takes one request at a time. */
function reply(...request) {
    return new Promise((resolve, reject) => {
        answer = ({ error, data }) => (error === undefined ? resolve(data) : reject(error));
        if (request.length > 0) worker.postMessage(request);
    });
}

worker.addEventListener("message", ({ data }) => answer(data));
worker.addEventListener("error", ({ message }) => answer({ error: message }));

async function timed(...request) {
    const start = performance.now();
    const data = await reply(...request);
    return { ms: performance.now() - start, data };
}

// The first says that it is ready.
await reply();

globalThis.clipBench = {
    info: () => ({ engine: `refit ${backend}` }),
    load: () => timed("load", backend, weights, query.has("captions"), workers === null ? undefined : Number(workers)),
    encodeImage: (pixels) => timed("encodeImage", pixels),
    caption: (pixels, tokens) => timed("caption", pixels, tokens),
    encodeText: (ids) => timed("encodeText", Uint32Array.from(ids), TOKENS),
};
globalThis.clipBenchReady = true;
