"""What the functions on any frame share: opening a frame, and saying what is wrong with it.

The functions are written once, with narwhals; nothing here collects a large frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .checks import a_text, as_written, one_short, texts
from .errors import SelectionError, unknown
from .loading import text_type

if TYPE_CHECKING:
    import narwhals as nw

EXACT = float(2**53)  # up to here decimal numbers hold every whole one
KINDS = "pandas, polars (eager or lazy), pyarrow, DuckDB, Dask or PySpark"


def opened(frame: Any, columns: Iterable[str] = (), what: str = "frame") -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Return a frame of any engine, opened by narwhals, that has each of `columns` once.

    Raises
    ------
    SelectionError
        If it is no frame, or a pandas frame has a column twice.
    UnknownNameError
        If a column is missing, with the nearest names.
    """
    import narwhals as nw

    try:
        result: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(frame)
        names = result.collect_schema().names()
    except TypeError:
        raise SelectionError(f"{what} must be a frame of {KINDS}, not {one_short(frame)}.") from None
    except nw.exceptions.DuplicateError:
        raise SelectionError(f"{what} has a column more than once. Keep one of each.") from None
    except nw.exceptions.NarwhalsError as error:
        raise SelectionError(f"{what} cannot be read by its own engine: {str(error).splitlines()[0]}.") from None
    wanted = list(columns)
    for name in wanted:
        if name not in names:
            raise unknown("column", name, map(str, names))
    nameable(result, wanted, what)
    empty = [name for name in wanted if _of_no_kind(result, name)]
    if empty:
        result = result.with_columns(nw.col(name).cast(nw.String) for name in empty)
    result = evened(result, wanted)
    if result.implementation.is_pyarrow():
        # Arrow has two kinds of text, which it neither joins nor compares: pandas 3 writes the other one.
        schema = result.collect_schema()
        result = result.with_columns(nw.col(name).cast(nw.String) for name in wanted if schema[name] == nw.String)
    return result


def nameable(frame: Any, names: Iterable[str], what: str = "frame", grouped: bool = False) -> None:
    """Raise `SelectionError` for a name that the engine takes for something else, in groups or everywhere."""
    kind = frame.implementation
    marks = ".`" if kind.is_spark_like() else "." if kind.is_duckdb() and grouped else ""
    odd = next((name for name in names if any(mark in name for mark in marks)), None)
    if odd is not None:
        mark = next(mark for mark in marks if mark in odd)
        raise SelectionError(
            f"{what} has a column {odd!r}: {kind.value} takes {mark!r} in its name for something else. Rename it."
        )


def _of_no_kind(frame: Any, name: str) -> bool:
    """Tell whether a column has no value, and so no kind of its own, which some engines take for no text."""
    import narwhals as nw

    if frame.collect_schema()[name] != nw.Unknown:
        return False
    native, kind = frame.to_native(), frame.implementation
    if kind is nw.Implementation.DUCKDB:
        held: Any = native.types[native.columns.index(name)]
    elif kind is nw.Implementation.POLARS:
        held = native.collect_schema()[name]
    elif kind is nw.Implementation.PYSPARK:
        held = native.schema[name].dataType.simpleString()
    elif kind is nw.Implementation.PANDAS:
        held = str(native[name].dtype).removesuffix("[pyarrow]")
    else:
        held = native.schema.field(name).type if kind is nw.Implementation.PYARROW else ""
    return str(held).strip('"').lower() in ("null", "void")


def evened(frame: Any, names: Iterable[str]) -> Any:
    """Return a frame in which a gap has not changed codes: categories are text, on Dask whole numbers as well.

    A part of a Dask frame that has a gap holds decimal numbers where the frame says whole ones.
    """
    import narwhals as nw

    kind, schema = frame.implementation, frame.collect_schema()
    pandas, dask = kind is nw.Implementation.PANDAS, kind is nw.Implementation.DASK
    if not (pandas or dask):
        return frame
    native = frame.to_native()
    held = native if pandas else native._meta
    named = [name for name in names if schema[name] in (nw.Categorical, nw.Enum)]
    doubtful = [name for name in named if not _of_texts(held[name].dtype)]
    doubtful += [name for name in names if dask and schema[name].is_integer()]
    if not doubtful:
        return frame
    if pandas:
        return nw.from_native(native.assign(**{name: _written(native[name]) for name in doubtful}))
    # Dask itself writes its texts with pyarrow.
    told = {name: native[name].map_partitions(_written, "string[pyarrow]") for name in doubtful}
    return nw.from_native(native.assign(**told))


def _of_texts(dtype: Any) -> bool:
    """Tell whether the categories of a pandas column, or the values of an Arrow dictionary in one, are texts."""
    if hasattr(dtype, "categories"):
        return str(dtype.categories.inferred_type) == "string"
    return "values=string" in str(dtype) or "values=large_string" in str(dtype)


def _written(cells: Any, dtype: Any = None) -> Any:
    """Return a pandas column of numbers or categories as text; categories remain such unless a dtype is given."""
    if hasattr(cells, "cat"):
        texts = [as_written(one) for one in cells.cat.categories]
        if dtype is None and len(set(texts)) == len(texts):
            return cells.cat.rename_categories(texts)
    return cells.map({one: as_written(one) for one in cells.dropna().unique()}).astype(dtype or text_type())


def unlike(cell: nw.Expr, form: str) -> nw.Expr:
    """Tell whether a text has another form; in some engines $ also stands before the end of a line."""
    return ~cell.str.contains(form) | cell.str.contains("\n", literal=True)


def inferred(frame: Any, names: Iterable[str]) -> Any:
    """Return a pandas frame whose objects of one kind have that kind: a gap alone makes objects of numbers."""
    import narwhals as nw
    import pandas as pd

    schema = frame.collect_schema()
    objects = [name for name in names if schema[name] == nw.Object]
    if not objects or not frame.implementation.is_pandas():
        return frame
    native = frame.to_native()
    exact = [name for name in objects if pd.api.types.infer_dtype(native[name], skipna=True) == "decimal"]
    native = native.astype(dict.fromkeys(exact, "Float64"))
    return nw.from_native(native.assign(**{name: native[name].convert_dtypes() for name in objects}))


def opened_codes(frame: Any, columns: Iterable[str]) -> Any:
    """Return a frame as `opened` does, whose `columns` hold one code a cell.

    Raises
    ------
    SelectionError
        If one of them holds lists, or things of several kinds.
    """
    import narwhals as nw

    wanted = list(columns)
    result: Any = inferred(opened(frame, wanted), wanted)
    schema = result.collect_schema()
    for name in wanted:
        if schema[name].is_nested() or schema[name] == nw.Object:
            held = "things of several kinds" if schema[name] == nw.Object else schema[name]
            raise SelectionError(
                f"The column {name!r} holds {held}: one code a cell is wanted, as text, members of a set joined "
                "with ';'."
            )
    odd = [name for name in wanted if schema[name].is_float() or schema[name] in (nw.Boolean, nw.Decimal)]
    return result.with_columns(as_code(nw.col(name), schema[name]).alias(name) for name in odd) if odd else result


def as_code(cell: nw.Expr, kind: Any) -> nw.Expr:
    """Return a number or a flag as text: a gap makes whole numbers decimal ones, and engines differ on NaN."""
    import narwhals as nw

    if kind == nw.Boolean:
        text = nw.when(cell).then(nw.lit("true")).otherwise(nw.lit("false"))
        return nw.when(~cell.is_null()).then(text)
    cell = cell.cast(nw.Float64) if kind == nw.Decimal else cell
    # As whole numbers first: some engines write large decimal ones with an exponent.
    small = (cell > -EXACT) & (cell < EXACT)
    whole = nw.when(small).then(cell).otherwise(nw.lit(0.0)).round(0).cast(nw.Int64)
    text = nw.when(small & (whole.cast(nw.Float64) == cell)).then(whole.cast(nw.String))
    return nw.when(~(cell.is_null() | cell.is_nan())).then(text.otherwise(cell.cast(nw.String)))


def some_columns(value: object, what: str, taken: Iterable[str]) -> list[str]:
    """Return one or more different names, none of which a result needs for itself.

    Raises
    ------
    SelectionError
        If there is none, one twice, or one that the result would have twice.
    """
    names = texts(value, what)
    if not names:
        raise SelectionError(f"{what} names no column.")
    for name in names:
        if names.count(name) > 1:
            raise SelectionError(f"{what} names the column {name!r} twice.")
        # To some engines, names that differ in capitals are one.
        if name.casefold() in taken:
            raise SelectionError(
                f"The result has a column {name.casefold()!r} of its own: rename that of the frame."
            )
    return names


def one_column(value: object, what: str, taken: Iterable[str] = ()) -> str:
    """Return one name, as `some_columns` does several."""
    return some_columns(a_text(value, what), what, taken)[0]


def collected(frame: Any) -> nw.DataFrame[Any]:
    """Return a frame that is known to be small, out of its engine."""
    import narwhals as nw

    if frame.implementation is nw.Implementation.DUCKDB:
        # Else it comes out as pyarrow, which takes 50 MB and need not be there.
        return frame.collect("pandas")
    result: nw.DataFrame[Any] = frame.collect() if hasattr(frame, "collect") else frame
    return result


def fetched(frame: Any) -> list[tuple[Any, ...]]:
    """Return the few rows of a frame that is known to be small."""
    import narwhals as nw

    if frame.implementation is nw.Implementation.DUCKDB:
        # Without pandas, which would take 80 MB: whoever works with DuckDB may not have loaded it.
        rows: list[tuple[Any, ...]] = frame.to_native().fetchall()
        return rows
    return collected(frame).rows()


def ids_as_text(frame: Any, name: str, what: str) -> Any:
    """Return the frame with a column of ids as text: whoever reads a CSV file has codes as numbers.

    A gap makes decimal numbers of them.

    Raises
    ------
    SelectionError
        If the column holds anything but text and whole numbers, of a lazy frame anything but text and numbers.
    """
    import narwhals as nw

    frame = inferred(frame, [name])
    kind = frame.collect_schema()[name]
    if kind == nw.String:
        return frame
    if kind.is_integer() or kind in (nw.Categorical, nw.Enum):
        return frame.with_columns(nw.col(name).cast(nw.String))
    held = str(kind)
    if kind.is_float() or kind == nw.Decimal:
        written = frame.with_columns(as_code(nw.col(name), kind).alias(name))
        if not isinstance(frame, nw.DataFrame):
            return written
        odd = written.filter(nw.col(name).str.contains("[^0-9-]"))[name]
        if not len(odd):
            return written
        held = str(odd[0])
    raise SelectionError(
        f"{what}: the column {name!r} should hold ids as text or whole numbers, and holds {held}."
    )


def planned(frame: Any) -> Any:
    """Return an eager polars frame as a lazy one: polars does better with all steps before it at once."""
    import narwhals as nw

    return frame.lazy() if frame.implementation is nw.Implementation.POLARS else frame


def beside(frame: Any, column: str, values: list[str]) -> Any:
    """Return a frame of one column of texts on the engine of another frame, to be joined with it."""
    import narwhals as nw

    kind, native = frame.implementation, frame.to_native()
    if kind is nw.Implementation.DUCKDB:
        # Made of the relation itself: DuckDB does not join what belongs to two connections.
        listed = ", ".join("'{}'".format(value.replace("'", "''")) for value in values)
        one = native.limit(0).aggregate("count(*) as n")
        return nw.from_native(one.project(f"unnest([{listed}]) as {column}"))
    if kind in (nw.Implementation.DASK, nw.Implementation.PYSPARK):
        session = {"session": native.sparkSession} if kind is nw.Implementation.PYSPARK else {}
        return nw.from_dict({column: values}, backend="pandas").lazy(kind, **session)
    return planned(nw.from_dict({column: values}, backend=kind))


def joinable(frame: Any) -> Any:
    """Return a grouped frame that can be joined: Dask (2026.8) looks for its key under a lost name."""
    import narwhals as nw

    if frame.implementation is not nw.Implementation.DASK:
        return frame
    native = frame.to_native()
    return nw.from_native(native.map_partitions(lambda part: part, meta=native._meta))


def as_text(frame: Any, names: Iterable[str]) -> Any:
    """Return the frame with these columns as text, in which all engines write codes alike."""
    import narwhals as nw

    schema = frame.collect_schema()
    coded = [name for name in names if schema[name] in (nw.Categorical, nw.Enum) or schema[name].is_integer()]
    return frame.with_columns(nw.col(name).cast(nw.String) for name in coded) if coded else frame
