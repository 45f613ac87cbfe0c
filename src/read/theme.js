// The reader's theme and the button that changes it, as in the page's shell (src/page/appearance.rs). In the head of a
// paper, so that nothing is painted in the wrong theme; Home, whose own script sees to that, loads it later.
(() => {
    const NAME = "data-theme";
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)");

    const stored = () => {
        try {
            return localStorage.getItem(NAME);
        } catch {
            // There is no local storage: the choice lasts until the page is left.
            return null;
        }
    };
    const isDark = () => {
        const chosen = root.getAttribute(NAME);
        return chosen ? chosen === "dark" : system.matches;
    };
    const label = () => {
        const button = document.getElementById("theme");
        if (button) button.textContent = isDark() ? "Light" : "Dark";
    };
    const follow = () => {
        const theme = stored();
        if (theme) root.setAttribute(NAME, theme);
        label();
    };

    document.addEventListener("click", (event) => {
        if (!event.target.closest?.("#theme")) return;
        const theme = isDark() ? "light" : "dark";
        root.setAttribute(NAME, theme);
        try {
            localStorage.setItem(NAME, theme);
        } catch {
            // As above.
        }
        label();
    });
    system.addEventListener("change", label);
    // A page that the browser kept may be shown after the theme was changed elsewhere.
    addEventListener("pageshow", follow);
    document.addEventListener("DOMContentLoaded", label);
    follow();
})();
