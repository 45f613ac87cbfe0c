// A model for bench.js, or, in a worker that such a worker started, a part of one.

import init, { Bench } from "./clip-bench.js";

await init({ module_or_path: new URL("clip-bench_bg.wasm", import.meta.url) });

let bench;

async function answer(name, ...rest) {
    if (name !== "load") return bench[name](...rest);
    bench = await Bench.load(...rest);
    return bench.workers();
}

if (self.name === Bench.peer()) {
    Bench.servePeer();
} else {
    self.addEventListener("message", ({ data }) =>
        answer(...data).then(
            (value) => postMessage({ data: value }),
            (error) => postMessage({ error: String(error) }),
        ),
    );
    postMessage({});
}
