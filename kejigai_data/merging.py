"""Put cases coded by others beside ours, as one frame that says where each row comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .agree import EVIDENCE, NEEDED
from .cases import OURS, PATHWAYS, case_variables, pathway, province_of
from .checks import a_frame, a_text, as_written, one_short
from .codebook import codes_of
from .dates import bounds
from .errors import SelectionError
from .loading import column, records, text_type
from .places import known_places, meant
from .validation import validate

if TYPE_CHECKING:
    import pandas as pd


def merge(own: pd.DataFrame, cases: pd.DataFrame, origin: str = "own") -> pd.DataFrame:
    """Put one's own coded cases under ours, with the columns of `load_cases` filled alike.

    Parameters
    ----------
    own : pandas.DataFrame
        Coded cases with ``case_id`` and ``place_id``, as ``read_coding_sheet(path).cases``;
        `validate` finds nothing wrong with them.
    cases : pandas.DataFrame
        ``load_cases()`` with codes, not labels; or what `merge` returned before.
    origin : str
        What to call the rows of `own` in the column ``origin``.

    Returns
    -------
    pandas.DataFrame
        A new frame, the rows of `cases` first: the columns of `cases` with the dtypes of
        `load_cases`, ``origin`` (``string``; ``kejigai_data`` for ours), then whatever `own` has
        besides, numbers and days as such. Names, level, province and region of a place, the
        pathway and the days of ``adopted`` are derived as they are for our cases. A prefecture-level
        unit that is not in `load_places` has no English name; a county keeps its code, its province
        and its region. Another name of the same place (湖南省) gives way to ours (湖南).

    Raises
    ------
    SelectionError
        If a case_id is in both frames or twice in `own` (both rows are named), `own` breaks the
        codebook or says of a place what is not so, has a column ``origin``, `origin` is empty or ours, or `cases`
        carries labels in place of codes.
    UnknownNameError
        If a frame lacks ``case_id`` or ``place_id``.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> own = pd.DataFrame({"case_id": ["h1"], "place_id": ["430000"], "mechanism": ["award_reform"]})
    >>> both = kj.merge(own, kj.load_cases())
    >>> both.loc[both["case_id"] == "h1", ["origin", "place_en", "region"]].values.tolist()
    [['own', 'Hunan', 'central']]
    """
    import pandas as pd

    own = a_frame(own, ["case_id", "place_id"], "own").copy()
    cases = a_frame(cases, ["case_id", "place_id"], "cases").copy()
    for frame in (own, cases):
        for name in ("case_id", "place_id"):
            frame[name] = _ids(frame[name])
    _codes_not_labels(cases)
    ours = [row["case_id"] for row in records("cases")]
    if own["case_id"].isin(ours).any() and not cases["case_id"].isin(ours).any():
        raise SelectionError("own holds our cases and cases does not: the order is merge(own, load_cases()).")
    problems = validate(own, lang="en")
    if len(problems):
        first, many = problems.iloc[0], "places" if len(problems) > 1 else "place"
        raise SelectionError(
            f"own breaks the codebook in {len(problems)} {many}, first: row {first['row']}, column "
            f"{first['column']}: {first['message']}. kj.validate(own) lists them all."
        )
    _no_clash(own, cases)
    if a_text(origin, "origin").strip() in ("", OURS):
        raise SelectionError(f"origin is what your rows are called, and may be neither empty nor {OURS!r}.")
    if "origin" in own.columns:
        raise SelectionError("own has a column 'origin', which merge writes itself: rename or drop yours.")
    own = _derived(own)
    own["origin"] = origin
    if "origin" not in cases.columns:
        cases.insert(1, "origin", OURS)
    order = [*cases.columns, *(name for name in own.columns if name not in cases.columns)]
    parts = [part.reindex(columns=order).astype(object) for part in (cases, own)]
    result = pd.concat(parts, ignore_index=True)
    # Whatever stands for a missing value in one of them becomes the one of the dtype.
    result = result.where(result.notna(), None)
    for name in order:
        dtype = _dtype(cases if name in cases.columns else own, name)
        try:
            result[name] = result[name].astype(dtype)
        except (ValueError, TypeError):
            told = own[name].dropna() if name in own.columns else own.iloc[:0]
            odd = one_short(told.iloc[0]) if len(told) else "what it holds"
            raise SelectionError(f"own: the column {name!r} should hold {dtype}, not such as {odd}.") from None
    return result


def _ids(column: pd.Series) -> list[str | None]:
    return [None if gap else as_written(one) for one, gap in zip(column, column.isna(), strict=True)]


def _codes_not_labels(cases: pd.DataFrame) -> None:
    known = set(codes_of("mechanism"))
    if "mechanism" in cases.columns and not set(cases["mechanism"].dropna()) <= known:
        raise SelectionError("cases carries labels in place of codes. Give load_cases() without lang.")


def _no_clash(own: pd.DataFrame, cases: pd.DataFrame) -> None:
    ids = own["case_id"].astype(str)
    twice = ids[ids.duplicated()]
    if len(twice):
        first, second, *_ = (number for number, case in enumerate(ids, start=1) if case == twice.iloc[0])
        said = (
            " A sheet of several coders gives one reading: own[own['reading'] == …]."
            if "reading" in own.columns
            else ""
        )
        raise SelectionError(
            f"own has the case {twice.iloc[0]!r} more than once: row {first} and row {second}.{said}"
        )
    taken = set(cases["case_id"].astype(str))
    both = [case for case in ids if case in taken]
    if both:
        shown = [f"{case!r} ({_called(own, case)} in own; {_called(cases, case)} in cases)" for case in both[:5]]
        more = f" and {len(both) - 5} more" if len(both) > 5 else ""
        raise SelectionError(
            f"case_id in both frames: {', '.join(shown)}{more}. Give your cases ids of their own."
        )


def _called(frame: pd.DataFrame, case: str) -> str:
    number = [str(one) for one in frame["case_id"]].index(case)
    row = frame.iloc[number]
    titles = [row[name] for name in ("title_en", "title_zh") if name in frame.columns]
    title = next((str(one) for one in titles if isinstance(one, str)), "")
    return f"row {number + 1}" + (f", {title}" if title else "")


def _derived(own: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    places = known_places()
    here = [str(place) for place in own["place_id"]]
    provinces = [province_of(p, places) if p in places else f"{p[:2]}0000" for p in here]
    for name, source in (("place_zh", "short_zh"), ("place_en", "name_en"), ("place_level", "level")):
        _fill(own, name, [places.get(p, {}).get(source, "") or None for p in here])
    _fill(own, "province_id", [p or None for p in provinces])
    _fill(own, "region", [places.get(p, {}).get("region", "") or None for p in provinces])
    if {"initiative", "central_link"} <= set(own.columns):
        pairs = (
            own[["initiative", "central_link"]]
            .astype(object)
            .where(own[["initiative", "central_link"]].notna(), "")
        )
        _fill(own, "pathway", [pathway(*pair) or None for pair in pairs.itertuples(index=False)])
    if "adopted" in own.columns:
        dates = [_edtf(date) for date in own["adopted"]]
        own["adopted"] = dates
        days = [bounds(date) if date else ("", "") for date in dates]
        for i, name in enumerate(("adopted_earliest", "adopted_latest")):
            own[name] = column([day[i] for day in days], "day").to_numpy()
    for name in {"adopted_earliest", "adopted_latest"} & set(own.columns):
        own[name] = column(["" if pd.isna(day) else str(day)[:10] for day in own[name]], "day").to_numpy()
    return own


def _edtf(date: Any) -> str | None:
    """Return a date as EDTF text: a timestamp is a day, a whole number a year."""
    import pandas as pd

    if pd.isna(date) or date == "":
        return None
    if hasattr(date, "strftime"):
        return str(date)[:10]
    return str(int(date)) if isinstance(date, float) and date.is_integer() else str(date)


def _fill(own: pd.DataFrame, name: str, derived: list[str | None]) -> None:
    """Write what follows from the codes; what stands there already must agree, and stays where nothing follows."""
    import pandas as pd

    given = [
        None if pd.isna(value) or value == "" else value for value in own.get(name, pd.Series([None] * len(own)))
    ]
    for case, place, mine, follows in zip(own["case_id"], own["place_id"], given, derived, strict=True):
        told = mine is not None and follows is not None
        if told and as_written(mine) != follows and not _names(name, mine, place):
            raise SelectionError(
                f"own: row {case} says {name} {mine!r}, but {follows!r} follows from its codes. "
                f"Mend the codes, or drop the column {name!r}."
            )
    own[name] = [mine if follows is None else follows for mine, follows in zip(given, derived, strict=True)]


def _names(column: str, told: Any, place: str) -> bool:
    """Tell whether a column holds another name of the place."""
    return column in ("place_zh", "place_en") and meant(told) == [str(place)]


def _dtype(frame: pd.DataFrame, name: str) -> Any:
    """Return the dtype of a column of the result; whole numbers and flags can be missing there."""
    import pandas as pd

    variables = {v["variable"]: v for v in case_variables()}
    if name == "pathway":
        return pd.CategoricalDtype(pd.Index(list(PATHWAYS), dtype=text_type()))
    if name in variables and variables[name]["multiple"] == "false":
        codes = pd.Index(codes_of(name), dtype=text_type())
        return pd.CategoricalDtype(codes, ordered=variables[name]["scale"] == "ordinal")
    dtype = frame[name].dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return dtype
    if pd.api.types.is_numeric_dtype(dtype):
        if pd.api.types.is_extension_array_dtype(dtype):
            return dtype
        return {"bool": "boolean", "float16": "Float32"}.get(
            str(dtype), str(dtype).capitalize().replace("Uint", "UInt")
        )
    return text_type()


def as_readings(frame: pd.DataFrame, reading: str | None = None) -> pd.DataFrame:
    """Turn coded cases into the long form that `agreement` takes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Coded cases with ``case_id``; a ``<variable>_status`` says why a value is missing.
    reading : str, optional
        The name of the reading or coder; the frame's column ``reading`` without it.

    Returns
    -------
    pandas.DataFrame
        ``reading``, ``unit`` (the case_id), ``variable``, ``value``, all ``string``, and of
        ``source``, ``locator`` and ``comment`` what the frame has. A missing value with a status
        stands as ``(silent)`` and so on; without one the reading did not cover it, and the value
        is missing. ``(not_applicable)`` counts like any other answer: `own_readings` leaves it
        out where the rules give it, so drop such rows to compare with its figures.

    Raises
    ------
    UnknownNameError
        If the frame lacks ``case_id``, or ``reading`` where no name is given.

    Examples
    --------
    >>> import pandas as pd, kejigai_data as kj
    >>> one = pd.DataFrame({"case_id": ["h1"], "stage": ["pilot"]})
    >>> two = pd.DataFrame({"case_id": ["h1"], "stage": [None], "stage_status": ["silent"]})
    >>> readings = pd.concat([kj.as_readings(one, "a"), kj.as_readings(two, "b")])
    >>> kj.disagreements(readings)[["a", "b"]].values.tolist()
    [['pilot', '(silent)']]
    """
    import pandas as pd

    a_frame(frame, ["case_id"] if reading is not None else ["case_id", "reading"])
    who = [a_text(reading, "reading")] * len(frame) if reading is not None else _ids(frame["reading"])
    coded = [v["variable"] for v in records("variables") if v["kind"] == "code" and v["variable"] in frame.columns]
    told_by = [name for name in EVIDENCE if name in frame.columns and name != "status"]
    evidence = list(frame[told_by].itertuples(index=False, name=None)) if told_by else [()] * len(frame)
    units = _ids(frame["case_id"])
    rows = []
    for variable in coded:
        status = frame.get(f"{variable}_status", pd.Series(pd.NA, index=frame.index))
        for name, unit, value, why, more in zip(who, units, frame[variable], status, evidence, strict=True):
            told = None if pd.isna(why) or why == "" else f"({why})"
            rows.append((name, unit, variable, told if pd.isna(value) or value == "" else str(value), *more))
    return pd.DataFrame(rows, columns=[*NEEDED, *told_by]).astype(text_type())
