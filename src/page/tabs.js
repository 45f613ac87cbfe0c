// Rows of tabs and their panels (src/page/tabs.rs): arrows, Home and End move and select; the address's fragment names
// the selected tab, or a section in it. A panel hears of being shown or hidden as `details` do, by a toggle event.

const tabsOf = (row) => [...row.querySelectorAll("[role=tab]")];

function select(tab) {
    for (const other of tabsOf(tab.parentElement)) {
        const panel = document.getElementById(other.getAttribute("aria-controls"));
        other.tabIndex = other === tab ? 0 : -1;
        other.ariaSelected = String(other === tab);
        if (!panel || panel.hidden === (other !== tab)) continue;
        panel.hidden = other !== tab;
        panel.dispatchEvent(new Event("toggle"));
    }
}

addEventListener("keydown", (event) => {
    const row = event.target.closest?.("[role=tablist]");
    if (!row) return;
    const all = tabsOf(row);
    const at = all.indexOf(event.target);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const tab = all[next % all.length];
    tab.focus();
    tab.click();
});

addEventListener("click", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (!tab) return;
    select(tab);
    // Without a history (in a sandboxed frame) this fails, and the tabs work all the same.
    try {
        history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
    } catch {}
});

addEventListener("hashchange", () => {
    const fragment = CSS.escape(location.hash.slice(1));
    if (!fragment) return;
    const tab = document.querySelector(`[role=tab][aria-controls=${fragment}], [role=tab][data-sections~=${fragment}]`);
    if (tab) select(tab);
});
