// The one script of a Read page; the page reads well without it.

// On a touch screen the first tap on a number shows its card, which has the link.
let shown = null;
document.addEventListener("click", (event) => {
    const number = event.target.closest?.("a.number");
    const touch = event.pointerType === "touch" || event.pointerType === "pen";
    if (number && touch && number !== shown) event.preventDefault();
    shown = number ?? null;
});

// Escape hides the card of the number that is focused or hovered, until it is left.
document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const live of document.querySelectorAll(".live:hover, .live:focus-within")) {
        live.classList.add("dismissed");
        const back = () => live.classList.remove("dismissed");
        live.addEventListener("mouseleave", back, { once: true });
        live.addEventListener("focusout", back, { once: true });
    }
});

// The page's address, as Explore copies its own.
const tools = document.querySelector(".masthead .tools");
const copy = Object.assign(document.createElement("button"), { type: "button", className: "theme copy-link", textContent: "Copy link" });
copy.addEventListener("click", async () => {
    try {
        await navigator.clipboard.writeText(location.href);
        copy.textContent = "Link copied";
    } catch {
        copy.textContent = "Copy from address bar";
    }
});
tools?.append(copy);

// The table of contents follows.
const links = new Map();
for (const link of document.querySelectorAll(".contents a")) links.set(link.hash.slice(1), link);
const headings = [...document.querySelectorAll("article h2[id]")].filter((h) => links.has(h.id));
if (headings.length > 0) {
    const follow = () => {
        const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
        const current = passed.at(-1)?.id;
        for (const [id, link] of links) {
            if (id === current) link.setAttribute("aria-current", "true");
            else link.removeAttribute("aria-current");
        }
    };
    addEventListener("scroll", follow, { passive: true });
    follow();
}

// A law that is moved by hand needs a program, which comes when its figure is near.
const hands = document.querySelectorAll(".hand");
if (hands.length > 0 && typeof WebAssembly === "object") {
    let program;
    const load = async () => {
        const module = await import(new URL("../by_hand.js", import.meta.url));
        await module.default({ module_or_path: new URL("../by_hand_bg.wasm", import.meta.url) });
        return module;
    };
    const near = new IntersectionObserver(
        (entries) => {
            for (const { target, isIntersecting } of entries) {
                if (!isIntersecting) continue;
                near.unobserve(target);
                program ??= load();
                // Without the program the picture stays.
                program.then(({ show }) => {
                    const hand = target.querySelector(".hand");
                    hand.hidden = false;
                    hand.hidden = !show(hand);
                }, console.warn);
            }
        },
        { rootMargin: "600px" },
    );
    for (const hand of hands) near.observe(hand.closest("figure"));
}
