const HIGH = 640;
const WIDE = 1152;
const MOST_ENLARGED = 1.5;
const PARTS = 3;
const specOf = (script) => ({...JSON.parse(script.textContent), $schema: undefined});

// A slide is hidden until its turn, and what is hidden has no size: it is measured in the open.
function measured(section, act) {
  const style = section.getAttribute("style");
  section.setAttribute("style", "display:block !important; position:absolute; visibility:hidden");
  act(section.querySelector(".fit"));
  if (style === null) section.removeAttribute("style"); else section.setAttribute("style", style);
}
const full = (fit) => fit.scrollHeight > HIGH;
function shrink(fit, least = 0.5) {
  // In hundredths: steps of 0.05 never meet 0.8.
  for (let size = 100; size >= 100 * least && (full(fit) || fit.scrollWidth > WIDE + 1); size -= 5) {
    fit.style.fontSize = size / 100 + "em";
  }
}
// Not those of the notes, which hold a table of the text as well.
const rowsOf = (section) => [...section.querySelectorAll(".fit tbody tr")];
// How many rows find room on a slide in letters of a size, beginning with one of them.
function room(section, from, most, size) {
  const rows = rowsOf(section);
  let to = Math.min(from + most, rows.length);
  measured(section, (fit) => {
    fit.style.fontSize = size;
    rows.forEach((row, at) => { row.hidden = at < from || at >= to; });
    while (full(fit) && to > from + 1) rows[to -= 1].hidden = true;
    fit.style.fontSize = "";
  });
  return to - from;
}
// What of a table finds no room stands on the next slides, before its letters become too small; of one that would
// take many slides the rest is left for the lesson.
function divide(section) {
  const number = rowsOf(section).length;
  let whole = !number || section.querySelector("svg.marks");
  if (!whole) measured(section, (fit) => { shrink(fit, 0.8); whole = !full(fit); fit.style.fontSize = ""; });
  if (whole) return;
  const slides = Math.ceil(number / room(section, 0, number, "0.9em"));
  const [parts, size] = slides > PARTS ? [1, "0.9em"] : [slides, "0.8em"];
  for (let from = 0, at = 1, part = section; at <= parts; at += 1) {
    const to = from + room(part, from, Math.ceil((number - from) / (parts - at + 1)), size);
    const next = part.cloneNode(true);
    rowsOf(part).forEach((row, of) => { row.hidden = false; if (of < from || of >= to) row.remove(); });
    if (at < parts) part.after(next);
    else if (to < number) note(part, number - to);
    if (at === 1) next.querySelector("caption, h2")?.append(CONTINUED);
    [from, part] = [to, next];
  }
}
function note(section, left) {
  const said = document.createElement("p");
  said.className = "more";
  said.textContent = MORE.replace("{n}", left);
  section.querySelector("table").after(said);
}
// A table that leaves room is set larger, for the last row of the room.
function grow(fit) {
  const tables = [...fit.querySelectorAll("table")];
  const set = (size) => tables.forEach((table) => { table.style.fontSize = size / 100 + "em"; });
  for (let size = 65; size <= 90; size += 5) {
    set(size);
    if (full(fit) || fit.scrollWidth > WIDE + 1) { set(size - 5); return; }
  }
}
function scale(fit) {
  const charts = [...fit.querySelectorAll("svg.marks")];
  const sizes = charts.map((svg) => [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))]);
  const rest = fit.scrollHeight - sizes.reduce((sum, [, high]) => sum + high, 0);
  const free = (HIGH - rest) / sizes.reduce((sum, [, high]) => sum + high, 0);
  const factor = Math.min(MOST_ENLARGED, free, ...sizes.map(([wide]) => WIDE / wide));
  charts.forEach((svg, at) => {
    svg.setAttribute("width", sizes[at][0] * factor);
    svg.setAttribute("height", sizes[at][1] * factor);
  });
}
async function start() {
  const figures = [...document.querySelectorAll("figure.chart")];
  await Promise.all(figures.map(async (figure) => {
    const [place, spec] = figure.children;
    await vegaEmbed(place, specOf(spec), {mode: "vega-lite", actions: false, renderer: "svg"});
    figure.dataset.drawn = "yes";
  }));
  await document.fonts.ready;
  document.querySelectorAll(".slides > section").forEach(divide);
  const options = {width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t", transition: "none",
    // On a phone too a deck is turned, not scrolled, and a link leads to its slide.
    scrollActivationWidth: null,
    // The list of keys and the field for a number of a slide are in English only.
    help: document.documentElement.lang === "en", jumpToSlide: document.documentElement.lang === "en"};
  // In a menu the arrows and letters choose: they must not turn the slide, only the keys of a clicker do. A menu opened
  // by mouse is left with the choice, or with an arrow that turns. The speaker view hands on keys without a target.
  let pointed = false;
  addEventListener("pointerdown", () => { pointed = true; });
  addEventListener("keydown", (event) => { if (event.key === "Tab") pointed = false; }, true);
  addEventListener("change", (event) => { if (pointed) event.target.blur(); });
  const keyboardCondition = (event) => {
    const field = event.target?.closest?.("select, input, summary");
    if (!field || ["PageUp", "PageDown"].includes(event.key)) return true;
    if (!pointed || !["ArrowLeft", "ArrowRight"].includes(event.key)) return false;
    field.blur();
    return true;
  };
  await Reveal.initialize({...options, keyboardCondition, plugins: [RevealNotes]});
  for (const [at, side] of ["left", "right"].entries()) {
    document.querySelector(`.controls .navigate-${side}`).setAttribute("aria-label", TURN[at]);
  }
  // The preview of the next slide has none.
  for (const button of document.querySelectorAll(".resume-button")) button.textContent = RESUME;
  for (const section of Reveal.getSlides()) {
    measured(section, (fit) => {
      if (fit.querySelector("svg.marks")) return scale(fit);
      shrink(fit);
      if (!fit.style.fontSize) grow(fit);
    });
  }
  Reveal.layout();
  document.body.dataset.ready = "yes";
}
start();
