// Service worker: caches one release of the page, so that it opens offline after the first visit. A
// new release registers this file at a new address (boot.js) and deletes the old cache.

const CACHE = `refit-${new URL(location).searchParams.get("release")}`;

/** Caches the files that the HTML names, the programs loaded on demand, the data files, and the papers to read. */
async function cacheRelease() {
    const text = async (path) => (await fetch(path, { cache: "no-cache" })).text();
    const list = async (folder) => (await text(`${folder}/files.txt`)).trim().split("\n").map((file) => `${folder}/${file}`);
    const [page, data, read] = await Promise.all([text("./"), list("data"), list("read")]);
    // Links name a page by its folder.
    const papers = read.map((file) => file.replace(/(^|\/)index\.html$/, "$1"));
    const named = [...page.matchAll(/(?:href|src)="((?:\.\/)?(?:[\w-]+\/)*[\w-]+\.\w+)"/g)].map((match) => match[1]);
    const glue = named.find((path) => /page-\w+\.js$/.test(path))?.split("/").pop();
    const programs = ["details", "by_hand", "user_runs", "parquet", "workbook", "models"].flatMap((name) => [`${name}.js`, `${name}_bg.wasm`]);
    const cache = await caches.open(CACHE);
    const files = ["./", ...named, ...programs.map((path) => `${path}?${glue}`), ...data, ...papers];
    await cache.addAll([...new Set(files.map((file) => new URL(file, registration.scope).href))]);
}

/** Run's first model and images, and what Mix has to offer, where a reader has opened Run before this worker could keep them. */
async function cacheRun() {
    const pages = await clients.matchAll();
    if (!pages.some(({ url }) => new URL(url).searchParams.get("page") === "run")) return;
    const card = new URL("clip/shapes.json", registration.scope);
    const { samples } = await (await fetch(card)).json();
    const files = ["shapes.json", "shapes.safetensors", "merges.bin", "entities.txt", "siblings.json", ...samples.map(({ file }) => file)];
    const cache = await caches.open(CACHE);
    await cache.addAll(files.map((file) => new URL(file, card).href));
}

async function deleteOldCaches() {
    const old = (await caches.keys()).filter((name) => name.startsWith("refit-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
}

/** Files with a hash in their name never change. */
const NAMED_BY_HASH = /-[0-9a-f]{16}(_bg)?\.\w+$/;

/** The cached file, or else that of the network. */
async function cacheFirst(request) {
    const cache = await caches.open(CACHE);
    return (await cache.match(request)) ?? fetch(request);
}

/** The network's file, so that a new release shows at once; offline the cached one. */
async function networkFirst(request, name) {
    const cache = await caches.open(CACHE);
    try {
        const response = await fetch(request);
        // Not a partial response (206).
        if (response.status === 200) await cache.put(name, response.clone());
        return response;
    } catch (error) {
        // A paper to read asks for a program without the release in its address.
        const cached = await cache.match(name, { ignoreSearch: true });
        if (cached) return cached;
        throw error;
    }
}

function respond(request) {
    const { origin, pathname } = new URL(request.url);
    // All views are one page with different queries.
    if (origin + pathname === registration.scope) return networkFirst(request, "./");
    return NAMED_BY_HASH.test(pathname) ? cacheFirst(request) : networkFirst(request, request);
}

self.addEventListener("install", (event) => {
    self.skipWaiting();
    event.waitUntil(cacheRelease());
});
self.addEventListener("activate", (event) => {
    // The page's requests wait for the former alone; the latter may fail, and comes with the next visit.
    event.waitUntil(deleteOldCaches().then(() => void cacheRun().catch(() => {})));
});
self.addEventListener("fetch", (event) => {
    const { request } = event;
    if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
    // A file that the reader imports, which the page stores itself (src/page/user_runs/source.rs).
    if (request.cache === "no-store") return;
    // Weights, which the page caches itself (src/page/models/worker/download.rs).
    if (request.headers.has("range")) return;
    event.respondWith(respond(request));
});
