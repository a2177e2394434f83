"""Every public function against every odd argument: our own error or a result, never another."""

import datetime
import inspect
import itertools

import numpy as np
import pandas as pd
import pytest

import kejigai_data as kj

CASES = kj.load_cases()
ODD = [None, "", " ", "zzz", "c001", "上海", 0, -1, 1.5, True, float("nan"), pd.NA, b"x", object(), len]
ODD += [[], ["c001"], {}, {"a": 1}, (1,), np.array([1.0]), pd.Timestamp("2020-01-01"), datetime.date(2020, 1, 1)]
ODD += [pd.DataFrame(), CASES, CASES.head(0), CASES.set_index("case_id"), CASES[["case_id"]], CASES["case_id"]]
ODD += [pd.concat([CASES] * 2, axis=1), CASES.rename(columns={"section": 5}), CASES["case_id"].to_numpy()]
PLAIN = [
    "load",
    "load_cases",
    "explode",
    "members",
    "join_indicator",
    "province_code",
    "find_place",
    "describe",
    "search",
    "label",
]
PLAIN += [
    "show_evidence",
    "cite",
    "Article",
    "validate",
    "agreement",
    "disagreements",
    "own_readings",
    "use",
    "table",
]
CALLS = {name: getattr(kj, name) for name in PLAIN}
CALLS |= {
    f"charts.{n}": getattr(kj.charts, n) for n in ("tile_map", "list_forms", "evidence_status", "waiting_days")
}
CALLS |= {f"charts.{n}": getattr(kj.charts, n) for n in ("route_steps", "route_timeline")}
CALLS |= {f"widgets.{n}": getattr(kj.widgets, n) for n in ("compare_routes", "evidence_browser", "evidence_table")}
CALLS["Article.read"] = kj.Article.read


def needed(function):
    parameters = inspect.signature(function).parameters.values()
    return sum(p.default is inspect.Parameter.empty for p in parameters), len(list(parameters))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CALLS))
def test_odd_arguments(name):
    function = CALLS[name]
    fewest, most = needed(function)
    wrong = []
    for count in range(max(fewest, 1), min(most, 2) + 1):
        for arguments in itertools.product(ODD, repeat=count):
            if name == "agreement" and count == 2:
                arguments = (kj.own_readings().head(40), arguments[1])
            try:
                function(*arguments)
            except kj.KejigaiError:
                continue
            except Exception as error:
                wrong.append((type(error).__name__, str(error)[:80], [repr(a)[:40] for a in arguments]))
    kj.use("en")
    assert not wrong, f"{len(wrong)} calls, first: {wrong[:6]}"
