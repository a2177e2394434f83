"""Write the lessons as decks: ``python -m kejigai_data._build.slides``.

A slide shows what a room can read: a heading with its first sentences, a question, one chart,
one table or list. What the lesson says in full stands in the speaker notes (key S).
"""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

import kejigai_data as kj
from kejigai_data.loading import read_rows
from kejigai_data.render import MIME

from . import handouts, only_help
from .handouts import LANGS, PAGES, TOP, words

TARGET = TOP / "dist" / "slides"
# The speaker view shows the deck itself in frames.
POLICY = handouts.POLICY.replace("style-src", "frame-src 'self' file:; style-src 'self'")
NOTES_ONLY = "notes"
# Lessons that speak of the code itself.
WITH_CODE = ("00_start_here", "08_researcher", "09_measuring")
# What a room reads at a glance, in letters; a Chinese one counts twice.
GLANCE = 340
# Less than that says too little: the next sentence stands there too, be it long.
LITTLE = 160
LABEL = 30
POINTS = 3
SENTENCE = re.compile(r"(?<=[。？！])(?![”’）)])|(?<=[.?!])\s+(?=[A-Z*\"“(])|(?<=[.?!][)\"”*])\s+(?=[A-Z*\"“(])")
LISTED = re.compile(r"\||(?:\d+[.．]|[-*]) ")
BARE = re.compile(r"#+ .+|\*\*[^*]+\*\*[.。:：]?")
LABELLED = re.compile(r"\*\*[^*]+[.:。：？?]?\*\*")
QUESTION = re.compile(r"\*\*\d+[.．]?\*\*")
# The sentence that may be written: it stands on a slide wherever in a paragraph it is.
MAY_WRITE = re.compile(r"Write: \*[^*]+\*|稳妥的写法是：(?:\*\*[^*]+\*\*。?|“[^”]+”)")
ANSWER = re.compile(r"<details[^>]*>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)


def length(text: str) -> int:
    """Return how much room a text takes; a Chinese letter counts twice.

    Examples
    --------
    >>> length("ab"), length("机构")
    (2, 4)
    """
    return sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in text)


def balanced(text: str) -> bool:
    """Tell whether emphasis and brackets that were opened are closed."""
    pairs = (("(", ")"), ("（", "）"), ("“", "”"))
    return text.count("*") % 2 == 0 and all(text.count(one) == text.count(two) for one, two in pairs)


def lead(paragraph: str) -> str:
    """Return the first sentences of a paragraph, as many as a room reads at a glance.

    Examples
    --------
    >>> lead("One (two. Three) four. " + "Five is long. " * 40).count("Five")
    22
    """
    kept = ""
    for sentence in SENTENCE.split(paragraph):
        joined = f"{kept} {sentence}" if kept and kept[-1] in '.?!)"*' else kept + sentence
        most = GLANCE if length(kept) > LITTLE else 2 * GLANCE
        if length(kept) > LABEL and balanced(kept) and length(joined) > most:
            break
        kept = joined
    return kept


def on_slide(block: str) -> str:
    r"""Return what of a paragraph a room reads: its first sentences, and the one that may be written.

    Examples
    --------
    >>> on_slide("Enough is said. " * 20 + "More. " + "Write: *the page says so.*").split("\n\n")[1]
    'Write: *the page says so.*'
    """
    first, found = lead(block), MAY_WRITE.search(block)
    return f"{first}\n\n{found[0]}" if found and found[0] not in first else first


def points(block: str) -> list[str]:
    r"""Return a quoted box or a list in parts of a few points, evenly, each under the same heading.

    Examples
    --------
    >>> points("> **Limits**\n>\n> - a\n> - b\n> - c\n> - d")
    ['> **Limits**\n> \n> - a\n> - b', '> **Limits**\n> \n> - c\n> - d']
    >>> points("- a\n  more\n- b\n- a\n- c")
    ['- a\n  more\n- b', '- a\n- c']
    """
    sign = "> " if block.startswith(">") else ""
    lines = [line.removeprefix(">").removeprefix(" ") for line in block.splitlines()]
    lines = [line for line in lines if line.strip()]
    at = [number for number, line in enumerate(lines) if line.startswith("- ")]
    if not at:
        return [block]
    # An item goes on where a line is indented.
    after = (number for number in range(at[-1] + 1, len(lines)) if not lines[number].startswith(" "))
    ends = [*at[1:], next(after, len(lines))]
    items = ["\n".join(lines[start:end]) for start, end in zip(at, ends, strict=True)]
    first, last = at[0], ends[-1]
    heading = lines[:first][:1]
    step = -(-len(items) // -(-len(items) // POINTS))
    parts = [[*heading, "\n".join(items[start : start + step])] for start in range(0, len(items), step)]
    parts[0][len(heading) : len(heading)] = lines[1:first]
    parts[-1] += lines[last:]
    return ["\n".join(sign + line for line in "\n\n".join(part).splitlines()) for part in parts]


def opened(block: str) -> str:
    """Return a block with its folded answer as the slide's next step."""
    return ANSWER.sub(r'\n\n<div class="fragment answer">\2</div>', block)


def announced(slides: list[tuple[str, str]]) -> bool:
    """Tell whether the last slide, or what is said to it, ends where a list or table begins.

    Examples
    --------
    >>> announced([("Three reasons:", "")]), announced([("## A heading", "")]), announced([("**Finding.**", "")])
    (True, True, True)
    >>> announced([("A whole sentence.", "A whole sentence.")])
    False
    """
    if not slides:
        return False
    text, notes = (part.strip() for part in slides[-1])
    bare = BARE.fullmatch(text.split("\n")[-1])
    return bool(bare) or any(part.rstrip("*_ ").endswith((":", "：")) for part in (text, notes))


def shown(source: str) -> list[tuple[str, str]]:
    """Return the slides of a text: what is shown, and the notes."""
    slides: list[tuple[str, str]] = []
    heading = ""
    fresh = True
    for block in re.split(r"\n\s*\n", source.strip()):
        if block.startswith("#"):
            heading, fresh = block, True
            slides.append((block, ""))
        elif LISTED.match(block) and announced(slides):
            slides[-1] = (f"{slides[-1][0]}\n\n{block}", f"{slides[-1][1]}\n\n{block}".strip())
        elif LISTED.match(block) and not block.startswith("- "):
            slides.append((f"{heading}\n\n{block}", block))
        elif block.startswith((">", "- ")):
            slides += [(f"{heading}\n\n{part}", block) for part in points(block)]
        elif QUESTION.match(block) or LABELLED.match(block) or "<details" in block:
            whole = QUESTION.match(block) or "<details" in block or "?" in block or "？" in block
            text = opened(block) if whole else on_slide(block)
            if fresh and slides:
                slides[-1] = (f"{heading}\n\n{text}", block)
            else:
                slides.append((f"{heading}\n\n{text}", block))
            fresh = False
        elif fresh:
            top = slides.pop() if slides else ("", "")
            slides.append((f"{top[0]}\n\n{on_slide(block)}".strip(), f"{top[1]}\n\n{block}".strip()))
            fresh = False
        else:
            more = "".join(f"\n\n{found[0]}" for found in MAY_WRITE.finditer(block))
            slides[-1] = (slides[-1][0] + more, f"{slides[-1][1]}\n\n{block}".strip())
    return slides


def title_in(text: str, otherwise: str) -> str:
    """Return the last heading in a text."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return found[-1] if found else otherwise


def deck(notebook: NotebookNode, with_code: bool = False) -> NotebookNode:
    """Return the notebook with one cell a slide, code before what it shows; cells tagged ``notes`` only speak."""
    cells: list[NotebookNode] = []
    title = said = ""
    for cell in notebook.cells:
        if with_code and cell.cell_type == "code" and NOTES_ONLY not in cell.metadata.get("tags", []):
            typed = nbformat.v4.new_markdown_cell(f"## {title}\n\n```python\n{cell.source}\n```")
            typed.metadata.update({"notes": said, "title": title})
            cells.append(typed)
        if cell.cell_type == "markdown":
            for text, notes in shown(cell.source):
                title = title_in(text, title)
                made = nbformat.v4.new_markdown_cell(text)
                said = notes or said
                bare = not re.search("^#", text, re.MULTILINE)
                made.metadata.update({"notes": notes or text, "title": title, "bare": bare})
                cells.append(made)
        elif cell.outputs and NOTES_ONLY in cell.metadata.get("tags", []):
            # Notes are Markdown, which lets HTML through: what comes from data is escaped first.
            spoken = escape("".join(output.get("text", "") for output in cell.outputs))
            cells[-1].metadata["notes"] += f"\n\n{spoken}"
        elif cell.outputs:
            drawn = [
                output["data"].get("text/plain", "") for output in cell.outputs if MIME in output.get("data", {})
            ]
            # Beside a chart stands what it shows in words, beside a table what was said before it.
            notes = escape("\n\n".join(drawn)) or said
            notes = "\n\n".join(part for part in (notes, cell.metadata.get("said")) if part)
            cell.metadata.update({"notes": notes, "title": "" if drawn else title, "bare": True})
            cells.append(cell)
    notebook.cells = cells
    return notebook


def page(path: Path) -> str:
    """Return a lesson as a deck."""
    language = path.parent.name
    kj.use(language)
    notebook = handouts.without_kernel(nbformat.read(path, as_version=4), language, folds=False)
    resources = {
        "words": words(language),
        "lang": LANGS[language],
        "title": handouts.title_of(notebook),
        "policy": POLICY,
    }
    maker: HTMLExporter = handouts.exporter("deck")
    slides = deck(notebook, path.stem in WITH_CODE)
    return handouts.spoken_right(str(maker.from_notebook_node(slides, resources=resources)[0]), language)


def write_shared(target: Path) -> None:
    """Write what the decks share."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("reveal/reveal.js", "reveal/reveal.css", "reveal/LICENSE", "slides.css", "slides.js"):
        shutil.copyfile(PAGES / name, target / Path(name).name)
    (target / "vega.js").write_text(handouts.vega(), encoding="utf-8")
    for language in LANGS:
        (target / f"notes.{language}.js").write_text(speaker_view(language), encoding="utf-8")


def speaker_view(language: str) -> str:
    """Return reveal.js's speaker view in a language; who works menu or notes by keyboard turns no slide.

    Raises
    ------
    LookupError
        If another version of reveal.js no longer says so.
    """
    text = (PAGES / "reveal" / "notes.js").read_text(encoding="utf-8")
    for said, english, chinese in read_rows(str(PAGES / "speaker_view.csv"))[1]:
        if text.count(said) != 1:
            raise LookupError(f"reveal/notes.js says {said!r} {text.count(said)} times, and not once.")
        text = text.replace(said, chinese if language == "zh" and chinese else english)
    return text


def write(target: Path) -> list[Path]:
    """Write all decks and what they share."""
    write_shared(target)
    (target / "index.html").write_text(handouts.index("slides"), encoding="utf-8")
    written = []
    for language in LANGS:
        (target / language).mkdir(exist_ok=True)
        for path in handouts.lessons(language):
            written.append(target / language / f"{path.stem}.html")
            written[-1].write_text(page(path), encoding="utf-8")
    return written


def main() -> int:
    """Write the decks anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for path in write(TARGET):
        print(path.relative_to(TOP))
    return 0


if __name__ == "__main__":
    only_help(__doc__)
    raise SystemExit(main())
