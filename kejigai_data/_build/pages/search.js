// Every word must occur somewhere in the entry; Chinese needs no spaces, so a word is any run of characters.
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/iz(?=[aei])/g, "is");
const HAN = /^[\u3400-\u9fff]{3,}$/;
// One form for laws and law, agencies and agency; of Chinese, a name with a letter or two between, as in 河南省科学院.
const single = (word) => word.replace(/^([a-z]{4,})ies$/, "$1").replace(/^([a-z]{4,})s$/, "$1");
const loose = (word) => (HAN.test(word) ? new RegExp([...word].join(".{0,2}")) : null);
const box = document.getElementById("words");
const hits = document.getElementById("hits");
const found = document.getElementById("found");
const more = document.getElementById("more");
const FIRST = 40;
// A source names what it is about, as the case does that it bears out: the case goes first.
const folded = INDEX.map((entry) => {
  const title = fold(entry.title + " " + entry.also);
  return {entry, title: /^s\d+$/.test(entry.also) ? "" : title, text: title + " " + fold(entry.text)};
});
function ranked(wanted) {
  const forms = wanted.map((word) => [word, loose(word)]);
  const holds = (text) => wanted.every((word) => text.includes(word));
  const fits = (text) => forms.every(([word, form]) => text.includes(word) || form?.test(text));
  // What has the very words goes before what comes near them, and of both what has them in its title.
  const rank = ({title, text}) => (holds(text) ? 2 + holds(title) : Number(fits(title)));
  return folded.filter((one) => fits(one.text)).map((one) => ({...one, rank: rank(one)}))
    .sort((a, b) => b.rank - a.rank);
}
function look(most = FIRST) {
  const wanted = fold(box.value).split(/\s+/).filter(Boolean).map(single);
  hits.replaceChildren();
  found.textContent = "";
  more.hidden = true;
  if (!wanted.length) return;
  const all = ranked(wanted);
  found.textContent = all.length ? found.dataset.found.replace("{n}", all.length) : found.dataset.none;
  for (const {entry} of all.slice(0, most)) {
    const link = document.createElement("a");
    link.href = entry.address;
    link.textContent = entry.title;
    const item = document.createElement("li");
    item.append(link, " " + entry.kind);
    hits.append(item);
  }
  more.hidden = all.length <= most;
  more.textContent = more.dataset.more.replace("{n}", all.length);
}
box.addEventListener("input", () => look());
more.addEventListener("click", () => {
  look(Infinity);
  hits.children[FIRST].firstElementChild.focus();
});
document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
// After going back the browser puts the words into the box again, later than this script runs.
window.addEventListener("pageshow", () => look());
