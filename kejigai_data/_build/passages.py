"""Split a copy of the article into sentences with locators.

Only checks and the coding itself need this: readers' copies are aligned by hash
(`kejigai_data.article`), which does not depend on line breaks or punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SECTION = {"一": "1", "二": "2", "三": "3", "四": "4"}
SENTENCE = re.compile(r"[^。!?!?]*[。!?!?]+[”’」』)]*|[^。!?!?]+$")


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield ``(locator, sentence)`` in reading order.

    A locator is ``section/paragraph/sentence`` (``1.2/p1/s3``); section ``0`` is the
    introduction, a heading has the locator ``1.2/h``, the title ``0/h``.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    title = next(i for i, line in enumerate(lines) if line.startswith("发稿时间")) - 1
    yield "0/h", lines[title]
    section, subsection, paragraph, heading_next = "0", "", 0, False
    for line in lines[title + 2 :]:
        top = re.match(r"([一二三四])、", line)
        if top:
            section, subsection, paragraph = SECTION[top[1]], "", 0
            yield f"{section}/h", line
        elif re.fullmatch(r"\d", line):
            subsection, paragraph, heading_next = line, 0, True
        else:
            where = f"{section}.{subsection}" if subsection else section
            if heading_next:
                heading_next = False
                yield f"{where}/h", line
                continue
            paragraph += 1
            found = (s.strip() for s in SENTENCE.findall(line))
            for number, sentence in enumerate((s for s in found if s), start=1):
                yield f"{where}/p{paragraph}/s{number}", sentence
