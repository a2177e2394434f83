"""naming, crosstab, adoption and validate on ten million rows and more, beside hand-written queries.

On demand: make benchmark. Rows are those of `coded_rows`, written once into a folder that
KEJIGAI_SCALE names (a temporary one without it). Ours and the peer run in turn in one process,
ten pairs each; what is compared is the median of the pairs' ratios.
"""

import json
import os
import subprocess
import sys

import pytest

from ..conftest import TOP
from .coded_rows import write

pytestmark = pytest.mark.benchmark
MILLION = 1_000_000

QUERIES = '''
import json, resource, statistics, sys, time
import kejigai_data as kj
engine, task, folder, pairs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
side = sys.argv[5] if len(sys.argv) > 5 else "both"
NEEDED = {"crosstab": ["mechanism", "stage"], "naming": ["mechanism", "place_id"],
          "adoption": ["case_id", "place_id", "adopted_earliest", "adopted_latest"]}
if engine == "polars":
    import polars as pl
    frame = pl.read_parquet(f"{folder}/*.parquet", columns=NEEDED[task])
    risk = frame.select("place_id").drop_nulls().unique() if task == "adoption" else None
elif engine == "duckdb":
    import duckdb
    columns = ", ".join(NEEDED[task])
    duckdb.sql(f"create table rows as select {columns} from '{folder}/*.parquet'")
    duckdb.sql("create table risk as select distinct place_id from rows where place_id is not null") \
        if task == "adoption" else None
    frame, risk = duckdb.table("rows"), duckdb.table("risk") if task == "adoption" else None
else:
    import numpy as np, pandas as pd
    frame = pd.read_parquet(folder, columns=NEEDED[task])
    for name in ("adopted_earliest", "adopted_latest"):
        if name in frame: frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    risk = frame[["place_id"]].dropna().drop_duplicates() if task == "adoption" else None

def ours():
    if task == "crosstab": result = kj.crosstab(frame, "mechanism", "stage")
    elif task == "naming": result = kj.naming(frame)
    else: result = kj.adoption(frame, risk)
    return result.fetchall() if engine == "duckdb" else result

PEERS = {}
def peer():
    return PEERS[engine, task]()

def plain(result):
    """Both sides' rows as text, whatever the order, the width of a number and the word for missing."""
    rows = result if engine == "duckdb" else result.rows() if engine == "polars" else result.itertuples(index=False)
    def cell(value):
        if value is None or value != value or str(value) in ("NaT", "<NA>"): return ""
        return str(value)[:10] if hasattr(value, "year") else str(int(value)) if not isinstance(value, str) else value
    return sorted([cell(value) for value in row] for row in rows)

def polars_adoption():
    adopted = pl.col("adopted_latest").is_not_null()
    first, last = pl.col("adopted_earliest"), pl.col("adopted_latest")
    units = (frame.lazy().filter(pl.col("place_id").is_not_null()).group_by("place_id").agg(
        first.filter(adopted).min().alias("a"), (adopted & first.is_null()).any().alias("open"),
        first.filter(~adopted).max().alias("n"), last.min().alias("latest")))
    units = units.with_columns(earliest=pl.when(pl.col("latest").is_null()).then("n")
        .otherwise(pl.when(~pl.col("open")).then("a")))
    units = units.join(risk.lazy().with_columns(risk=True), on="place_id", how="full")
    units = units.select(*(pl.when(pl.col("risk")).then(day).alias(day) for day in ("earliest", "latest")), "risk")
    pairs = units.group_by("earliest", "latest", "risk").len().collect()
    inside = pairs.filter("risk")
    least = inside.filter(pl.col("latest").is_not_null()).group_by("latest").agg(pl.col("len").sum()).sort("latest")
    least = least.with_columns(least=pl.col("len").cum_sum()).drop("len")
    most = inside.group_by("earliest").agg(pl.col("len").sum()).sort("earliest", nulls_last=False)
    most = most.with_columns(most=pl.col("len").cum_sum()).drop("len")
    always = most.filter(pl.col("earliest").is_null())["most"].sum()
    table = least.join_asof(most.drop_nulls("earliest"), left_on="latest", right_on="earliest", strategy="backward")
    table = table.with_columns(pl.col("most").fill_null(always)).select("latest", "least", "most")
    fate = pl.when(pl.col("risk").is_null()).then(pl.lit("outside")).when(pl.col("latest").is_not_null())
    fate = fate.then(pl.lit("adopted")).when(pl.col("earliest").is_null()).then(pl.lit("unknown"))
    pairs = pairs.with_columns(fate=fate.otherwise(pl.lit("not_yet"))).join(table, on="latest", how="left")
    return pairs.select("earliest", "latest", "fate", pl.col("len").alias("units"), "least", "most")

def duckdb_adoption():
    return duckdb.sql("""
        with units as (select place_id, min(adopted_earliest) filter (adopted_latest is not null) a,
            bool_or(adopted_latest is not null and adopted_earliest is null) o,
            max(adopted_earliest) filter (adopted_latest is null) n, min(adopted_latest) latest
            from rows where place_id is not null group by place_id),
        spans as (select case when risk.place_id is null then null when latest is null then n when not o then a end earliest,
            case when risk.place_id is not null then latest end latest, risk.place_id is not null inside
            from units full join risk using (place_id)),
        pairs as (select earliest, latest, inside, count(*) units from spans group by all),
        l as (select latest, sum(sum(units)) over (order by latest) least from pairs
            where inside and latest is not null group by latest),
        m as (select earliest, sum(sum(units)) over (order by earliest nulls first) most from pairs where inside group by earliest)
        select pairs.earliest, pairs.latest, case when not inside then 'outside' when pairs.latest is not null then 'adopted'
            when pairs.earliest is null then 'unknown' else 'not_yet' end fate, units, l.least,
            case when pairs.latest is not null then coalesce(m2.most, (select most from m where earliest is null), 0) end most
        from pairs left join l using (latest)
            asof left join (select * from m where earliest is not null) m2 on pairs.latest >= m2.earliest""").fetchall()

def pandas_adoption():
    rows = frame[frame["place_id"].notna()]
    adopted = rows["adopted_latest"].notna()
    table = pd.DataFrame({"place_id": rows["place_id"], "a": rows["adopted_earliest"].where(adopted),
        "open": (adopted & rows["adopted_earliest"].isna()).astype("int64"),
        "n": rows["adopted_earliest"].where(~adopted), "latest": rows["adopted_latest"]})
    units = table.groupby("place_id").agg({"a": "min", "open": "max", "n": "max", "latest": "min"})
    known = units["a"].where(units["open"] == 0)
    units["earliest"] = known.where(units["latest"].notna(), units["n"])
    units = units.join(risk.assign(inside=1).set_index("place_id"), how="outer")
    units[["earliest", "latest"]] = units[["earliest", "latest"]].where(units["inside"].notna())
    pairs = units.groupby(["earliest", "latest", "inside"], dropna=False).size().rename("units").reset_index()
    at_risk = pairs[pairs["inside"].notna()]
    least = at_risk.dropna(subset=["latest"]).groupby("latest")["units"].sum().cumsum().rename("least").reset_index()
    most = at_risk.groupby("earliest", dropna=False)["units"].sum()
    always = most[most.index.isna()].sum()
    most = (most[most.index.notna()].cumsum() + always).rename("most").reset_index()
    both = pd.merge_asof(least, most, left_on="latest", right_on="earliest").drop(columns="earliest")
    both["most"] = both["most"].fillna(always)
    pairs = pairs.merge(both, on="latest", how="left")
    lacking = np.where(pairs["earliest"].isna(), "unknown", "not_yet")
    fate = np.where(pairs["latest"].notna(), "adopted", lacking)
    pairs["fate"] = np.where(pairs["inside"].isna(), "outside", fate)
    return pairs[["earliest", "latest", "fate", "units", "least", "most"]]

if engine == "polars":
    PEERS = {("polars", "crosstab"): lambda: frame.group_by("mechanism", "stage").len(),
        ("polars", "naming"): lambda: frame.group_by("mechanism").agg(
            pl.len().alias("cases"), pl.col("place_id").drop_nulls().n_unique().alias("places")),
        ("polars", "adoption"): polars_adoption}
elif engine == "duckdb":
    PEERS = {("duckdb", "crosstab"): lambda: duckdb.sql(
            "select mechanism, stage, count(*) from rows group by all").fetchall(),
        ("duckdb", "naming"): lambda: duckdb.sql(
            "select mechanism, count(*), count(distinct place_id) from rows group by all").fetchall(),
        ("duckdb", "adoption"): duckdb_adoption}
else:
    PEERS = {("pandas", "crosstab"): lambda: frame.groupby(["mechanism", "stage"], dropna=False).size().reset_index(),
        ("pandas", "naming"): lambda: frame.groupby("mechanism", dropna=False).agg(
            cases=("place_id", "size"), places=("place_id", "nunique")).reset_index(),
        ("pandas", "adoption"): pandas_adoption}

if side != "both":
    {"ours": ours, "peer": peer}[side]()
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
else:
    assert plain(ours()) == plain(peer()), "the query by hand finds something else"
    ratios, seconds = [], []
    for _ in range(pairs):
        clock = [time.perf_counter()]
        for run in (ours, peer):
            run(); clock.append(time.perf_counter())
        ratios.append((clock[1] - clock[0]) / (clock[2] - clock[1])); seconds.append(clock[1] - clock[0])
    by_hand = statistics.median(s / r for s, r in zip(seconds, ratios))
    print(json.dumps({"ratio": statistics.median(ratios), "seconds": statistics.median(seconds), "by_hand": by_hand}))
'''


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Return a function from a number of rows to a folder that holds them."""
    top = os.environ.get("KEJIGAI_SCALE") or tmp_path_factory.mktemp("scale")
    return lambda number: str(write(f"{top}/{number}", number))


def child(*arguments):
    command = [sys.executable, "-c", QUERIES, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=TOP, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


TASKS = [
    (engine, task) for engine in ("polars", "duckdb", "pandas") for task in ("crosstab", "naming", "adoption")
]


@pytest.mark.parametrize(("engine", "task"), TASKS)
def test_ten_million_rows_cost_little_more_than_by_hand(engine, task, rows):
    got = child(engine, task, rows(10 * MILLION), 10)
    print(f"\n{task} on {engine}: {got['ratio']:.2f} × by hand ({got['seconds']:.2f} s)")
    # A fixed 0.045 s of checks and planning weighs on DuckDB's third of a second: 1.10 is held there at most times only.
    assert got["ratio"] < (1.10 if (engine, task) != ("duckdb", "adoption") else 1.20)


@pytest.mark.parametrize(("engine", "task"), TASKS)
def test_memory_is_that_of_the_query_by_hand(engine, task, rows):
    folder = rows(10 * MILLION)
    ours, peer = (child(engine, task, folder, 1, side)["peak"] for side in ("ours", "peer"))
    print(f"\npeak of {task} on {engine}: {ours / peer:.2f} × by hand ({ours / 1024:.0f} MB)")
    assert ours / peer < 1.10


@pytest.mark.parametrize("task", ["crosstab", "naming", "adoption"])
def test_cost_grows_with_the_rows(task, rows):
    small, large = (child("polars", task, rows(n * MILLION), 5) for n in (1, 10))
    growth, by_hand = (large[side] / small[side] for side in ("seconds", "by_hand"))
    print(f"\n{task}, ten times the rows: {growth:.1f} × the time, by hand {by_hand:.1f} ×")
    # The sets of polars's distinct count outgrow the processor's cache between the two sizes.
    assert growth < max(11, 1.10 * by_hand)


HUNDRED = """
import resource, sys, time
import kejigai_data as kj
engine, folder = sys.argv[1:3]
start = time.perf_counter()
if engine == "duckdb":
    import duckdb
    duckdb.sql("set memory_limit = '3GB'")
    duckdb.sql("set enable_progress_bar = false")
    frame = duckdb.read_parquet(f"{folder}/*.parquet")
    risk = frame.select("place_id").filter("place_id is not null").distinct()
    results = kj.crosstab(frame, "mechanism", "stage"), kj.naming(frame), kj.adoption(frame, risk)
    done = [len(result.fetchall()) for result in results]
else:
    import dask.dataframe as dd
    frame = dd.read_parquet(folder, columns=["mechanism", "stage", "place_id"])
    done = [len(result.compute()) for result in (kj.crosstab(frame, "mechanism", "stage"),)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{engine}: {time.perf_counter() - start:.0f} s, peak {peak:.0f} MB, groups {done}")
assert peak < 4096, peak
"""


@pytest.mark.parametrize("engine", ["duckdb", "dask"])
def test_a_hundred_million_rows_stay_under_four_gigabytes(engine, rows):
    command = [sys.executable, "-W", "ignore", "-c", HUNDRED, engine, rows(100 * MILLION)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=TOP, check=False)
    print(f"\n100 million rows, {done.stdout.strip()}")
    assert done.returncode == 0, done.stderr[-2000:]


VALIDATE = """
import json, sys, time, statistics
import polars as pl
import kejigai_data as kj
path, pairs = sys.argv[1], int(sys.argv[2])
frame = pl.read_csv(path, infer_schema=False)
kj.validate(frame)
ratios = []
for _ in range(pairs):
    clock = [time.perf_counter()]
    for run in (lambda: kj.validate(frame), lambda: pl.read_csv(path, infer_schema=False)):
        run(); clock.append(time.perf_counter())
    ratios.append((clock[1] - clock[0]) / (clock[2] - clock[1]))
print(json.dumps({"ratio": statistics.median(ratios), "seconds": clock[1] - clock[0]}))
"""


def test_validating_a_million_rows_costs_at_most_three_readings(rows, tmp_path):
    import polars as pl

    path = tmp_path / "rows.csv"
    pl.read_parquet(f"{rows(MILLION)}/*.parquet").write_csv(path)
    command = [sys.executable, "-c", VALIDATE, str(path), "10"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=TOP, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    got = json.loads(done.stdout)
    print(f"\nvalidate 1 million rows / reading them from CSV: {got['ratio']:.2f} ({got['seconds']:.2f} s)")
    assert got["ratio"] < 3


def test_ten_million_rows_are_validated_without_collecting_them(rows):
    code = (
        "import sys, resource, duckdb, kejigai_data as kj\n"
        "frame = duckdb.read_parquet(sys.argv[1] + '/*.parquet')\n"
        "found = kj.validate(frame)\n"
        "print(found.aggregate('rule, count(*)').fetchall())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    command = [sys.executable, "-c", code, rows(10 * MILLION)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=TOP, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    print(f"\nvalidate on DuckDB, 10 million rows: {done.stdout.strip()} MB")
    assert int(done.stdout.split()[-1]) < 4096
