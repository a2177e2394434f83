"""Write invented coded rows in the shape of the codebook, as partitioned Parquet, at any scale.

    python tests/benchmarks/coded_rows.py FOLDER --rows 100000000

One file a million rows; the same rows for the same number, on any machine. Places are invented
county codes of GB/T 2260, days lie in 2012–2022, and every column has gaps.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import kejigai_data as kj

PART = 1_000_000
FIRST_DAY = 15340  # 2012-01-01, in days from 1970
DAYS = 4018


def codes(variable):
    """Return the codes of a variable, a missing one among them."""
    table = kj.load("codes")
    return [*table.loc[table["variable"] == variable, "code"], None]


def counties():
    """Return about a hundred thousand codes of the form of a county's."""
    provinces = sorted({p[:2] for p in kj.load_places()["place_id"] if p.isdigit()})
    return [f"{p}{city:02d}{county:02d}" for p in provinces for city in range(1, 41) for county in range(1, 80)]


def part(number, rows):
    """Return the rows of one file, from a seed of its own."""
    random = np.random.default_rng(number)
    mechanisms = codes("mechanism")
    homes = kj.load("codes").query("variable == 'mechanism'").set_index("code")["dimension"].dropna()
    chosen = random.integers(0, len(mechanisms), rows)
    first = FIRST_DAY + random.integers(0, DAYS, rows)
    # A day, a month or a year wide, as sources date things.
    last = first + random.choice([0, 30, 364], rows, p=[0.6, 0.2, 0.2])

    def drawn(values, where=None):
        where = random.integers(0, len(values), rows) if where is None else where
        return pa.array(values, pa.string()).take(pa.array(where))

    def days(numbers):
        return pa.array(numbers.astype("int32"), pa.int32(), mask=random.random(rows) < 0.1).cast(pa.date32())

    return pa.table(
        {
            "case_id": np.char.mod(f"g{number:04d}-%07d", np.arange(rows)),
            "place_id": drawn(counties()),
            "dimension": drawn([homes.get(code) for code in mechanisms], chosen),
            "mechanism": drawn(mechanisms, chosen),
            **{name: drawn(codes(name)) for name in ("action", "stage", "initiative", "list_form")},
            "target": drawn([*codes("target"), "administration;researchers", "researchers;firms"]),
            "adopted_earliest": days(first),
            "adopted_latest": days(last),
        }
    )


def write(folder, rows):
    """Write the files that are not there yet."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, rows, PART)):
        path = folder / f"part-{number:04d}.parquet"
        if not path.exists():
            beside = path.with_suffix(".half")
            pq.write_table(part(number, min(PART, rows - start)), beside)
            beside.replace(path)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=10_000_000)
    arguments = parser.parse_args()
    print(write(arguments.folder, arguments.rows))
