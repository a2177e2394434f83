// Every word must occur somewhere in the entry; Chinese needs no spaces, so a word is any run of characters.
// An apostrophe may be straight, curly or left out.
// A date is one however it is written: 2020年1月20日, 2020.1.20, 2020/1/20, 20 January 2020 and 2020, January 20 as
// 2020-01-20; 1月20日 and 20 January as @01-20, a day of any year.
const DATE = /(\d{4})\s?年(?:\s?(\d{1,2})\s?月(?:\s?(\d{1,2})\s?[日号])?)?/g;
const POINTS = /\b(\d{4})[-./](\d{1,2})[-./](\d{1,2})\b/g;
const MONTH = /\b(\d{4})[-./](0?[1-9]|1[0-2])\b(?![-./]?\d)/g;
const NO_YEAR = /(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]/g;
const NAMES = "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const DAY = "(0?[1-9]|[12]\\d|3[01])(?:st|nd|rd|th)?";
const pattern = (text) => new RegExp(text, "g");
const DAYS = pattern(`\\b${DAY} ?[-\u2013] ?${DAY} ${NAMES}\\.?,? (\\d{4})\\b`);
const YEAR_FIRST = pattern(`\\b(\\d{4}), ${NAMES}\\.?(?: ${DAY})?\\b`);
const NAMED = pattern(`\\b(?:${DAY} (?:of )?)?${NAMES}\\.?,? (?:${DAY},? )?(\\d{4})\\b`);
const DAY_MONTH = pattern(`\\b${DAY} (?:of )?${NAMES}\\b(?!\\.?,? \\d{4})`);
const MONTH_DAY = pattern(`\\b${NAMES}\\.? ${DAY}\\b(?!,? \\d{4})`);
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const joined = (...parts) => parts.filter(Boolean).map((part) => String(part).padStart(2, "0")).join("-");
const dated = (_, year, month, day) => joined(year, month, typeof day === "string" ? day : "");
const number = (month) => 1 + MONTHS.indexOf(month.slice(0, 3));
const anyYear = (month, day) => "@" + joined(month, day);
const named = (year, month, day) => joined(year, number(month), day);
const plain = (text) => text.replace(/['’‘`]/g, "").replace(/[\u2010-\u2013\u2212]/g, "-").replace(/iz(?=[aei])/g, "is");
const low = (text) => text.normalize("NFKC").toLowerCase();
const fold = (text) => plain(low(text).replace(DATE, dated).replace(NO_YEAR, (_, month, day) => anyYear(month, day)).replace(POINTS, dated).replace(MONTH, dated)
  .replace(DAYS, (_, first, last, month, year) => `${named(year, month, first)} ${named(year, month, last)}`)
  .replace(YEAR_FIRST, (_, year, month, day) => named(year, month, day))
  .replace(NAMED, (_, first, month, second, year) => named(year, month, first ?? second))
  .replace(DAY_MONTH, (_, day, month) => anyYear(number(month), day))
  .replace(MONTH_DAY, (_, month, day) => anyYear(number(month), day)));
// What is looked through keeps its words as well: who asks for July means every July.
const kept = (text) => `${plain(low(text))} ${fold(text)}`;
// Punctuation parts words, but not inside one, as in 2021-05-26 or S&T.
const BETWEEN = /[\s\p{Ps}\p{Pe}\p{Pi}\p{Pf}"*,;:!?、。·…—/～~+|]+/u;
const EDGES = /^[-.\/&]+|[-.\/&]+$/g;
const HAN = /^[\u3400-\u9fff]{3,}$/;
// One form for laws and law, cities and city.
function exact(word) {
  if (/^@\d\d-\d\d$/.test(word)) {
    const day = new RegExp(String.raw`(?:@|\b\d{4}-)${word.slice(1)}(?!\d)`);
    return (text) => day.test(text);
  }
  const [, stem] = word.match(/^([a-z]{3,})(?:y|ies)$/) ?? [];
  if (stem) return (text) => text.includes(stem + "y") || text.includes(stem + "ies");
  // Of processes and analyses, too; not of process.
  const one = word.replace(/^([a-z]{3,})(?:sis|ses)$/, "$1s").replace(/^([a-z]{2,}[^s])s$/, "$1");
  return (text) => text.includes(one);
}
// Of Chinese, also a name with a letter or two between, as in 河南省科学院.
function near(word) {
  const form = HAN.test(word) ? new RegExp([...word].join(".{0,2}")) : null;
  return (text) => form !== null && form.test(text);
}
const box = document.getElementById("words");
const hits = document.getElementById("hits");
const found = document.getElementById("found");
const more = document.getElementById("more");
const FIRST = 40;
// A source names what it is about, as the case does that it bears out: the case goes first.
const folded = INDEX.map((entry) => {
  const title = kept(entry.title + " " + entry.also);
  return {entry, title: /^s\d+$/.test(entry.also) ? "" : title, text: title + " " + kept(entry.text)};
});
function ranked(wanted) {
  const forms = wanted.map((word) => [exact(word), near(word)]);
  const holds = (text) => forms.every(([as]) => as(text));
  const fits = (text) => forms.every(([as, like]) => as(text) || like(text));
  // What has the very words goes before what comes near them, and of both what has them in its title.
  const rank = ({title, text}) => (holds(text) ? 2 + holds(title) : Number(fits(title)));
  return folded.filter((one) => fits(one.text)).map((one) => ({...one, rank: rank(one)}))
    .sort((a, b) => b.rank - a.rank);
}
function look(most = FIRST) {
  const wanted = fold(box.value).split(BETWEEN).map((word) => word.replace(EDGES, "")).filter(Boolean);
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
