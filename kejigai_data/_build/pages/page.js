// The schema named is that of JupyterLab's Vega-Lite; the one here is newer and draws it too.
const specOf = (script) => ({...JSON.parse(script.textContent), $schema: undefined});
for (const figure of document.querySelectorAll("figure.chart")) {
  const [place, spec] = figure.children;
  vegaEmbed(place, specOf(spec), {mode: "vega-lite", actions: false, renderer: "svg"})
    .then(() => { figure.dataset.drawn = "yes"; reachable(figure); });
}
// What scrolls must be reached by keyboard too.
function reachable(figure) {
  if (figure.scrollWidth > figure.clientWidth) figure.tabIndex = 0; else figure.removeAttribute("tabindex");
}
addEventListener("resize", () => document.querySelectorAll("figure.chart").forEach(reachable));
// Who does not see a chart hears that a menu has redrawn it, for what, and its title.
addEventListener("change", ({target}) => {
  const figure = target.closest("figure.chart");
  if (figure) requestAnimationFrame(() => requestAnimationFrame(() => {
    const between = document.documentElement.lang === "en" ? [": ", ", "] : ["：", "，"];
    const chosen = [...figure.querySelectorAll(".vega-bind")].map((menu) => [
      menu.querySelector(".vega-bind-name").textContent.trim(), menu.querySelector("select").selectedOptions[0].textContent]
      .join(between[0]));
    const title = figure.querySelector(".role-title-text")?.textContent ?? "";
    const said = document.getElementById("redrawn");
    said.textContent = said.dataset.words.replace("{chosen}", chosen.join(between[1])).replace("{title}", title);
  }));
});
// On paper nobody can open an answer.
const folded = [...document.querySelectorAll("details:not(.choice)")];
let shut = [];
addEventListener("beforeprint", () => {
  shut = folded.filter((one) => !one.open);
  for (const one of shut) one.open = true;
});
addEventListener("afterprint", () => { for (const one of shut) one.open = false; });
const box = document.getElementById("show-code");
if (box) {
  const show = () => document.body.classList.toggle("with-code", box.checked);
  // An address that ends in #code opens the version with code, for a link or for printing.
  box.checked = location.hash === "#code";
  box.addEventListener("change", show);
  show();
}
