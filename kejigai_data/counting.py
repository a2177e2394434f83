"""Count what a frame of coded cases holds, on whichever engine the frame lives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .checks import GAP, SPACES
from .codebook import codes_of, is_set, set_form
from .engines import as_text, nameable, one_column, opened_codes, some_columns, unlike
from .errors import SelectionError

if TYPE_CHECKING:
    from narwhals.typing import IntoFrameT


def naming(frame: IntoFrameT, by: str | Iterable[str] = "mechanism", place: str = "place_id") -> IntoFrameT:
    """Count for each code the cases that have it, and the different places.

    That a place is named says nothing about the others: these are counts of naming, not of
    adoption (see `adoption`), and no ranking of places.

    Parameters
    ----------
    frame : pandas, polars, pyarrow, DuckDB, Dask or PySpark frame
        One row a case.
    by : str or iterable of str
        One or more coded columns. A set joined with ``";"`` counts as one value.
    place : str
        The column that names the place.

    Returns
    -------
    frame of the same kind, as lazy as the one given
        The columns `by` (codes as text; missing is a group of its own; a number with decimals is
        written as its engine writes it), ``cases`` and ``places``
        (whole numbers; a missing place counts for no place; an empty text is a value like any
        other). Rows come in no order.

    Raises
    ------
    SelectionError
        If it is no frame, names a column twice, or one called ``cases`` or ``places`` (in capitals
        or not), or a column holds lists or things of several kinds.
    UnknownNameError
        If the frame lacks a column.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> counts = kj.naming(kj.load_cases(), "dimension").set_index("dimension")
    >>> counts.loc["legal", ["cases", "places"]].tolist()
    [7, 6]
    """
    import narwhals as nw

    keys = some_columns(by, "by", ("cases", "places", "_placed"))
    where = one_column(place, "place")
    if where in keys:
        raise SelectionError(f"by and place both name {where!r}: name what is counted, and where.")
    cases = opened_codes(frame, [*keys, where])
    nameable(cases, keys, grouped=True)
    if cases.implementation is nw.Implementation.DASK:
        # Dask counts a missing place as one more for each partition.
        each: Any = cases.group_by(*keys, where).agg(nw.len().alias("_placed")).rename({where: "_place"})
        groups = each.group_by(*keys).agg(
            nw.col("_placed").sum().alias("cases"), nw.col("_place").count().alias("places")
        )
        return as_text(groups, keys).to_native()
    groups = cases.group_by(*keys).agg(
        nw.len().alias("cases"), nw.col(where).n_unique().alias("places"), nw.col(where).count().alias("_placed")
    )
    # A missing place is counted among the different ones.
    without = (nw.col("_placed") < nw.col("cases")).cast(nw.Int64)
    return as_text(groups, keys).with_columns(places=nw.col("places") - without).drop("_placed").to_native()


def crosstab(frame: IntoFrameT, rows: str, columns: str) -> IntoFrameT:
    """Count the cases for each combination of two codes that occurs, one row a combination.

    Parameters
    ----------
    frame : pandas, polars, pyarrow, DuckDB, Dask or PySpark frame
        One row a case.
    rows, columns : str
        Two coded columns.

    Returns
    -------
    frame of the same kind, as lazy as the one given
        The two columns (codes as text; missing is a group of its own) and ``cases``. Rows come in no
        order; ``.pivot`` of a collected one gives the square form.

    Raises
    ------
    SelectionError
        If it is no frame, the two columns are the same, one is called ``cases``, or one holds lists
        or things of several kinds.
    UnknownNameError
        If the frame lacks a column.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> table = kj.crosstab(kj.load_cases(), "dimension", "stage")
    >>> int(table["cases"].sum()) == len(kj.load_cases())
    True
    """
    import narwhals as nw

    keys = [one_column(rows, "rows", ("cases",)), one_column(columns, "columns", ("cases",))]
    some_columns(keys, "rows and columns", ())
    cases: Any = opened_codes(frame, keys)
    nameable(cases, keys, grouped=True)
    groups = cases.group_by(*keys).agg(nw.len().alias("cases"))
    return as_text(groups, keys).to_native()


def co_occurrence(frame: IntoFrameT, column: str = "mechanism", unit: str = "place_id") -> IntoFrameT:
    """Count the units in which two codes occur together.

    Parameters
    ----------
    frame : pandas, polars, pyarrow, DuckDB, Dask or PySpark frame
        One row a case.
    column : str
        A coded column. The members of a set-valued variable of the codebook (``factors``,
        ``target``) count one by one.
    unit : str
        In what they occur together: ``"place_id"``, or ``"case_id"`` for the members of a set.

    Returns
    -------
    frame of the same kind, as lazy as the one given
        ``left``, ``right`` (text, `left` before `right` in the order of their characters) and
        ``units`` (whole number). Pairs that never meet have no row; a missing code or unit
        meets nothing, nor does an empty text. Rows come in no order.

    Raises
    ------
    SelectionError
        If it is no frame, column and unit are the same, or one holds lists or things of several
        kinds.
    UnknownNameError
        If the frame lacks a column.

    Examples
    --------
    >>> import kejigai_data as kj
    >>> pairs = kj.co_occurrence(kj.load_cases(), "factors", unit="case_id")
    >>> pairs.query("left == 'capital' and right == 'technology'")["units"].tolist()
    [3]
    """
    import narwhals as nw

    what, where = one_column(column, "column"), one_column(unit, "unit")
    if what == where:
        raise SelectionError(f"column and unit are both {what!r}: name what occurs, and in what.")
    cases: Any = opened_codes(frame, [what, where])
    kept = cases.select(nw.col(where).alias("_unit"), nw.col(what).alias("left"))
    schema = kept.collect_schema()
    named = [name for name in schema.names() if name == "left" or schema[name] in (nw.Categorical, nw.Enum)]
    kept = as_text(kept.filter(~nw.col("_unit").is_null(), ~nw.col("left").is_null()), named)
    schema = kept.collect_schema()
    kept = kept.filter(*(nw.col(name) != "" for name in ("_unit", "left") if schema[name] == nw.String))
    # Dask cannot join what was made unique over all columns unnamed.
    single = _members(kept, what).unique(subset=["_unit", "left"])
    pairs = single.join(single.rename({"left": "right"}), on="_unit", how="inner")
    counts = pairs.filter(nw.col("left") < nw.col("right")).group_by("left", "right").agg(nw.len().alias("units"))
    return counts.to_native()


def _members(frame: Any, variable: str) -> Any:
    """Give each member of a set its own row; a lazy engine has no common way to split text."""
    import narwhals as nw

    if not is_set(variable):
        return frame
    frame = frame.with_columns(
        left=nw.col("left").str.replace_all(f"{GAP};[{SPACES}]*", ";").str.strip_chars(f";{SPACES}")
    ).filter(nw.col("left") != "")
    padded = nw.concat_str(nw.lit(";"), nw.col("left"), nw.lit(";"))
    parts = [
        frame.filter(padded.str.contains(f";{code};", literal=True)).with_columns(left=nw.lit(code))
        for code in codes_of(variable)
    ]
    # What holds a code that is not in the codebook stays in sight, as it stands.
    odd = unlike(nw.col("left"), set_form(codes_of(variable)))
    return nw.concat([*parts, frame.filter(odd)], how="vertical")
