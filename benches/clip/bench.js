// bench.html?backend=cpu|gpu|gpu16&weights=ADDRESS&captions: what every engine's page gives the benchmark.

import init, { Bench } from "./clip-bench.js";

const query = new URLSearchParams(location.search);
const backend = query.get("backend") ?? "cpu";
const weights = new URL(query.get("weights") ?? "ViT-B-32.safetensors", location.href).href;
const TOKENS = 77;

let bench;

async function timed(work) {
    const start = performance.now();
    const data = await work();
    return { ms: performance.now() - start, data };
}

await init({ module_or_path: new URL("clip-bench_bg.wasm", import.meta.url) });

globalThis.clipBench = {
    info: () => ({ engine: `refit ${backend}` }),
    async load() {
        const { ms, data } = await timed(() => Bench.load(backend, weights, query.has("captions")));
        bench = data;
        return { ms };
    },
    encodeImage: (pixels) => timed(() => bench.encodeImage(pixels)),
    caption: (pixels, tokens) => timed(() => bench.caption(pixels, tokens)),
    encodeText: (ids) => timed(() => bench.encodeText(Uint32Array.from(ids), TOKENS)),
};
globalThis.clipBenchReady = true;
