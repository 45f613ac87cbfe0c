// Says above Explore's figure what a choice has changed in the laws, and undoes it. The figure draws the laws of before
// dotted (AnalysisChart::remember).

/** What is measured, and each law's parameters by series and symbol, as they stand in the document. */
function read() {
    const text = (selector) => document.querySelector(selector)?.textContent;
    const laws = new Map();
    for (const cell of document.querySelectorAll(".laws [data-parameter]")) {
        const series = cell.closest(".law").querySelector("h3").textContent;
        const symbol = cell.previousElementSibling.textContent;
        laws.set(`${series}\n${symbol}`, { series, symbol, exact: cell.dataset.value, text: cell.textContent });
    }
    return { what: `${text(".explore h1")} ${text(".explore .lead")}`, laws };
}

/** "CLIP: α 0.2266 → 0.2820, E 0.1112 → 0.1400", a sentence for each series with a law that is another now. */
function changes(was, now) {
    const series = new Map();
    for (const [key, old] of was.laws) {
        const parameter = now.laws.get(key);
        if (!parameter || parameter.exact === old.exact) continue;
        const line = `${old.symbol} ${old.text} → ${parameter.text}`;
        series.set(old.series, [...(series.get(old.series) ?? []), line]);
    }
    return [...series].map(([name, lines]) => `${name}: ${lines.join(", ")}`);
}

/** The address of the laws on screen. */
let query = location.search;
/** The laws before the last change, with their address, and that of the change. */
let before;

/** Takes back the choice that changed the laws, and no other since. */
function undo() {
    const [was, then, now] = [before.query, before.next, location.search].map((query) => new URLSearchParams(query));
    for (const key of new Set([...was.keys(), ...then.keys()])) {
        if (was.get(key) === then.get(key)) continue;
        if (was.has(key)) now.set(key, was.get(key));
        else now.delete(key);
    }
    history.pushState(null, "", `?${now}${location.hash}`);
    dispatchEvent(new PopStateEvent("popstate"));
    // The button goes away.
    document.querySelector(".canvas [tabindex]")?.focus();
}

/** Why an excluded run may move more than itself: every rule but “all” chooses among the runs that are left. */
function ofFrontier() {
    const [was, now] = [before.query, query].map((query) => new URLSearchParams(query));
    const isOther = was.get("exclude") !== now.get("exclude") && now.get("frontier") !== "all";
    return isOther ? ["The frontier is chosen among the runs that are left, so other runs may be fitted now."] : [];
}

function show(place, sentences) {
    const list = document.createElement("ul");
    for (const sentence of sentences) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Undo" });
    button.addEventListener("click", undo);
    place.replaceChildren("Changed (dotted: before)", list, button);
}

/** The address has changed, and the document does so before the next task. */
function changed() {
    const was = { ...read(), query };
    setTimeout(() => {
        const now = read();
        query = location.search;
        const place = document.querySelector(".changes");
        if (!place || was.what !== now.what) {
            before = undefined;
            place?.replaceChildren();
            return;
        }
        const sentences = changes(was, now);
        if (sentences.length === 0) return;
        if (before && changes(before, now).length === 0) {
            before = undefined;
            place.replaceChildren("Undone.");
        } else {
            before = { ...was, next: query };
            show(place, [...sentences, ...ofFrontier()]);
        }
    });
}

for (const event of ["refit:page", "refit:details", "popstate"]) addEventListener(event, changed);
