// onnxruntime.html?backend=wasm|webgpu&threads=N: the same for onnxruntime-web, from the files that
// peers.py exported. More than one thread needs a host that isolates the page (COOP, COEP).

const query = new URLSearchParams(location.search);
const backend = query.get("backend") ?? "wasm";
const bundle = backend === "webgpu" ? "ort.webgpu.bundle.min.mjs" : "ort.wasm.bundle.min.mjs";
const ort = await import(`./onnxruntime/${bundle}`);
ort.env.wasm.wasmPaths = new URL("onnxruntime/", location.href).href;
const threads = Number(query.get("threads") ?? 1);
if (threads > 1 && !crossOriginIsolated) throw new Error("threads need an isolated page");
ort.env.wasm.numThreads = threads;
const TOKENS = 77;

const sessions = {};

async function create(name) {
    const bytes = new Uint8Array(await (await fetch(`${name}.onnx`)).arrayBuffer());
    sessions[name] = await ort.InferenceSession.create(bytes, {
        executionProviders: [backend],
        graphOptimizationLevel: "all",
    });
}

async function timed(work) {
    const start = performance.now();
    const data = await work();
    return { ms: performance.now() - start, data };
}

async function run(name, tensor) {
    const session = sessions[name];
    const outputs = await session.run({ [session.inputNames[0]]: tensor });
    const output = outputs[session.outputNames[0]];
    return new Float32Array(await output.getData());
}

globalThis.clipBench = {
    info: () => ({ engine: `onnxruntime-web ${ort.env.versions?.web ?? ""} ${backend}` }),
    load: () => timed(() => create("image").then(() => create("text"))),
    encodeImage: (pixels, n) =>
        timed(() => run("image", new ort.Tensor("float32", pixels, [n, 3, 224, 224]))),
    encodeText: (ids, n) =>
        timed(() => run("text", new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [n, TOKENS]))),
};
globalThis.clipBenchReady = true;
