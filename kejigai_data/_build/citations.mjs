// Render references with citeproc-js.
// stdin:  {engine, styles: {name: path}, locales: {tag: path}, items: [{id, language, <style name>: CSL-JSON}]}
// stdout: {id: {<style name>: text}}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const read = (path) => readFileSync(path, "utf8");
const job = JSON.parse(readFileSync(0, "utf8"));
const CSL = createRequire(import.meta.url)(job.engine);
const locales = Object.fromEntries(Object.entries(job.locales).map(([tag, path]) => [tag, read(path)]));

const ACCESS_YEAR = '<date variable="accessed" form="numeric" date-parts="year" prefix="[" suffix="]"/>';
const NAME_ONLY = /<!-- <institution\/> -->/g;
const CHANGES = {
  // The style guesses a missing year from the day of access; for pages read years later that is wrong.
  // It leaves <institution/> to citeproc-js users; without it, institutions are capitalised like surnames.
  gb7714: [[ACCESS_YEAR, ""], [NAME_ONLY, "<institution/>"]],
};

function change(text, [from, to]) {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`style has changed, not found: ${from}`);
  return changed;
}

function engine(style, language, items) {
  const text = (CHANGES[style] ?? []).reduce(change, read(job.styles[style]));
  const system = {
    retrieveLocale: (tag) => locales[tag] ?? locales["en-US"],
    retrieveItem: (id) => items.get(id),
  };
  const made = new CSL.Engine(system, text, language === "zh" ? "zh-CN" : "en-US", true);
  made.setOutputFormat("text");
  return made;
}

// One item at a time: together they would be sorted, numbered and told apart as 2021a, 2021b.
function render(made, id) {
  made.updateItems([id]);
  const entries = made.makeBibliography()[1];
  if (entries.length !== 1) throw new Error(`${id}: no reference`);
  // citeproc-js drops a full stop after "?" and "!", but not after the Chinese ones.
  return entries[0].trim().replace(/^\[1\]\s*/, "").replace(/([？！])\./g, "$1");
}

const result = Object.fromEntries(job.items.map((item) => [item.id, {}]));
for (const style of Object.keys(job.styles)) {
  const items = new Map(job.items.map((item) => [item.id, { ...item[style], id: item.id }]));
  // Two processors, because terms follow the language of the processor and not of the item.
  const engines = { zh: engine(style, "zh", items), en: engine(style, "en", items) };
  for (const { id } of job.items) {
    // APA is read in English texts, whatever the language of the source.
    const language = style !== "apa" && items.get(id).language.startsWith("zh") ? "zh" : "en";
    result[id][style] = render(engines[language], id);
  }
}
process.stdout.write(JSON.stringify(result));
