// Every word must occur somewhere in the entry; Chinese needs no spaces, so a word is any run of characters.
const fold = (text) => text.normalize("NFKC").toLowerCase();
const box = document.getElementById("words");
const hits = document.getElementById("hits");
const found = document.getElementById("found");
const MOST = 40;
function look() {
  const wanted = fold(box.value).split(/\s+/).filter(Boolean);
  hits.replaceChildren();
  found.textContent = "";
  if (!wanted.length) return;
  const ranked = INDEX.map((entry) => {
    const title = fold(entry.title + " " + entry.also);
    const text = title + " " + fold(entry.text);
    return {entry, fits: wanted.every((word) => text.includes(word)), first: wanted.every((word) => title.includes(word))};
  }).filter((one) => one.fits).sort((a, b) => b.first - a.first);
  found.textContent = ranked.length ? found.dataset.found.replace("{n}", ranked.length) : found.dataset.none;
  for (const {entry} of ranked.slice(0, MOST)) {
    const link = document.createElement("a");
    link.href = entry.address;
    link.textContent = entry.title;
    const item = document.createElement("li");
    item.append(link, " " + entry.kind);
    hits.append(item);
  }
}
box.addEventListener("input", look);
document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
look();
