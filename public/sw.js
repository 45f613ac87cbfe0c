// Keeps one release of the page, so that it opens without a network after the first visit. A new
// release comes with a new address of this file (boot.js) and clears the old one away.

const CACHE = `refit-${new URL(location).searchParams.get("release")}`;

/** What the page consists of: what its HTML names, the programs that it loads later, and the data files. */
async function keep() {
    const text = async (path) => (await fetch(path, { cache: "no-cache" })).text();
    const [page, sums] = await Promise.all([text("./"), text("data/SHA256SUMS")]);
    const named = [...page.matchAll(/(?:href|src)="(\.?\/?[\w-]+\.\w+)"/g)].map((match) => match[1]);
    const glue = named.find((path) => /page-\w+\.js$/.test(path))?.split("/").pop();
    const later = ["details", "user_runs", "parquet", "models"].flatMap((name) => [`${name}.js`, `${name}_bg.wasm`]);
    const data = sums.trim().split("\n").map((line) => `data/${line.split("  ")[1]}`);
    const cache = await caches.open(CACHE);
    await cache.addAll(["./", ...named, ...later.map((path) => `${path}?${glue}`), ...data]);
}

async function clear() {
    const old = (await caches.keys()).filter((name) => name.startsWith("refit-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
}

/** A file whose name holds its hash never changes. */
const NAMED_BY_HASH = /-[0-9a-f]{16}(_bg)?\.\w+$/;

async function kept(request) {
    const cache = await caches.open(CACHE);
    return (await cache.match(request)) ?? fetch(request);
}

/** Whatever else there is is asked for anew where there is a network: a release shows at once. */
async function fresh(request, name) {
    const cache = await caches.open(CACHE);
    try {
        const response = await fetch(request);
        // A part of a file is not the file.
        if (response.status === 200) await cache.put(name, response.clone());
        return response;
    } catch (error) {
        const last = await cache.match(name);
        if (last) return last;
        throw error;
    }
}

function answer(request) {
    const { origin, pathname } = new URL(request.url);
    // Every view is the one page with another query.
    if (origin + pathname === registration.scope) return fresh(request, "./");
    return NAMED_BY_HASH.test(pathname) ? kept(request) : fresh(request, request);
}

self.addEventListener("install", (event) => {
    self.skipWaiting();
    event.waitUntil(keep());
});
self.addEventListener("activate", (event) => event.waitUntil(clear()));
self.addEventListener("fetch", (event) => {
    const { request } = event;
    if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
    // A reader's own file, which the page keeps itself (src/page/user_runs/source.rs).
    if (request.cache === "no-store") return;
    event.respondWith(answer(request));
});
