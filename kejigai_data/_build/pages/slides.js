const HIGH = 640;
const WIDE = 1152;
const MOST_ENLARGED = 1.5;
const specOf = (script) => ({...JSON.parse(script.textContent), $schema: undefined});

// A slide is hidden until its turn, and what is hidden has no size: it is measured in the open.
function measured(section, act) {
  const style = section.getAttribute("style");
  section.setAttribute("style", "display:block !important; position:absolute; visibility:hidden");
  act(section.querySelector(".fit"));
  if (style === null) section.removeAttribute("style"); else section.setAttribute("style", style);
}
function shorten(fit) {
  const rows = [...fit.querySelectorAll("tbody tr")];
  let hidden = 0;
  const note = document.createElement("p");
  note.className = "more";
  while (fit.scrollHeight > HIGH && rows.length - hidden > 3) {
    hidden += 1;
    rows[rows.length - hidden].hidden = true;
    note.textContent = MORE.replace("{n}", hidden);
    if (hidden === 1) rows[0].closest("table").after(note);
  }
}
function shrink(fit, least = 0.5) {
  for (let size = 1; size >= least && (fit.scrollHeight > HIGH || fit.scrollWidth > WIDE + 1); size -= 0.05) {
    fit.style.fontSize = size + "em";
  }
}
// A table that leaves room is set larger, for the last row of the room.
function grow(fit) {
  const tables = [...fit.querySelectorAll("table")];
  const set = (size) => tables.forEach((table) => { table.style.fontSize = size + "em"; });
  for (let size = 0.65; size <= 0.9; size += 0.05) {
    set(size);
    if (fit.scrollHeight > HIGH || fit.scrollWidth > WIDE + 1) { set(size - 0.05); return; }
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
  const options = {width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "c/t", transition: "none",
    // On a phone too a deck is turned, not scrolled, and a link leads to its slide.
    scrollActivationWidth: null,
    // The list of keys and the field for a number of a slide are in English only.
    help: document.documentElement.lang === "en", jumpToSlide: document.documentElement.lang === "en"};
  // In a menu the arrows and letters choose: they must not turn the slide. The speaker view hands on keys without a target.
  const keyboardCondition = (event) => !event.target?.closest?.("select, input, summary");
  await Reveal.initialize({...options, keyboardCondition, plugins: [RevealNotes]});
  for (const [at, side] of ["left", "right"].entries()) {
    document.querySelector(`.controls .navigate-${side}`).setAttribute("aria-label", TURN[at]);
  }
  // The preview of the next slide has none.
  for (const button of document.querySelectorAll(".resume-button")) button.textContent = RESUME;
  await document.fonts.ready;
  for (const section of Reveal.getSlides()) {
    measured(section, (fit) => {
      if (fit.querySelector("svg.marks")) return scale(fit);
      // Of a long table rows are left for the lesson before its letters become too small.
      const table = fit.querySelector("tbody");
      shrink(fit, table ? 0.8 : 0.5);
      if (table) {
        if (fit.scrollHeight > HIGH) { fit.style.fontSize = "0.9em"; shorten(fit); shrink(fit); }
        if (!fit.style.fontSize) grow(fit);
      }
    });
  }
  Reveal.layout();
  document.body.dataset.ready = "yes";
}
start();
