// Home's slider: what the laws predict at a place, and where that is in the figure. Everything was computed when the
// page was built (src/read/home/figure.rs).

import "./theme.js";

const figure = document.querySelector(".main-figure");
const slider = figure?.querySelector("input");
if (slider) {
    const steps = await (await fetch("read/home.json")).json();
    const cursor = figure.querySelector(".cursor");
    const dots = [...figure.querySelectorAll(".dot")];
    const laws = [...figure.querySelectorAll("[data-law]")];
    const intervals = [...figure.querySelectorAll("[data-interval]")];
    // The picture that a phone shows is another.
    const narrow = matchMedia("(max-width: 40rem)");

    const show = () => {
        const step = steps[slider.value];
        const size = narrow.matches ? 1 : 0;
        cursor.style.left = `${step.x[size]}%`;
        step.laws.forEach(([error, interval], i) => {
            laws[i].textContent = error;
            intervals[i].textContent = interval;
            dots[i].style.left = `${step.x[size]}%`;
            dots[i].style.top = `${step.y[i][size]}%`;
        });
        figure.querySelector("[data-at]").textContent = step.at;
        figure.querySelector("[data-overlap]").textContent = step.overlap;
        figure.querySelector("[data-above]").textContent = step.above;
        figure.querySelector("[data-near]").textContent = step.near;
        slider.setAttribute("aria-valuetext", step.at);
    };

    slider.addEventListener("input", show);
    narrow.addEventListener("change", show);
    for (const hidden of [cursor, ...dots, slider.parentElement]) hidden.hidden = false;
    show();

    // The figure answers, too.
    const plot = figure.querySelector(".plot");
    const follow = (event) => {
        const { left, width } = plot.getBoundingClientRect();
        const x = (100 * (event.clientX - left)) / width;
        const size = narrow.matches ? 1 : 0;
        const away = (i) => Math.abs(steps[i].x[size] - x);
        slider.value = steps.reduce((best, _, i) => (away(i) < away(best) ? i : best), 0);
        show();
    };
    plot.addEventListener("pointerdown", follow);
    plot.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse" || event.buttons) follow(event);
    });
}
