"""The same rows of text on every engine, and what an engine gives back as plain Python."""

from collections import Counter

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl


def on_pandas(rows, columns):
    return pd.DataFrame(rows, columns=list(columns)).astype("string")


def on_objects(rows, columns):
    return pd.DataFrame(rows, columns=list(columns), dtype=object)


def on_polars(rows, columns):
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def on_lazy(rows, columns):
    return on_polars(rows, columns).lazy()


def on_duckdb(rows, columns):
    return duckdb.from_arrow(on_polars(rows, columns).to_arrow())


def on_dask(rows, columns):
    import dask.dataframe as dd

    return dd.from_pandas(on_pandas(rows, columns), npartitions=2)


def on_spark(rows, columns):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    return session.createDataFrame(rows, ", ".join(f"{name} string" for name in columns))


def rows_of(native, columns=None):
    """Count the rows of a result, missing as None, numbers as int, days as text; columns by name unless given."""
    frame = nw.from_native(native)
    frame = frame.collect() if hasattr(frame, "collect") else frame
    names = columns or sorted(frame.columns)
    return Counter(tuple(_plain(row[name]) for name in names) for row in frame.iter_rows(named=True))


def _plain(value):
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return value if isinstance(value, str) else int(value)
