"""Metric math as the program's alarms and policies use it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.metrics.expressions import Series, UnsupportedExpressionError, evaluate
from localcloud.emulator.metrics.publisher import rounded

METRICS: dict[str, Series] = {"e0": [None, 2.0, 4.0], "r0": [10.0, 0.0, 8.0], "m": [1.0, None, 3.0]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("r0", [10, 0, 8]),
        ("1+2*3-4/2", [5, 5, 5]),
        ("-(1+1)^2", [-4, -4, -4]),
        ("e0+r0", [None, 2, 12]),
        ("FILL(e0,0)+FILL(m,0)", [1, 2, 7]),
        ("FILL(e0, REPEAT)", [None, 2, 4]),
        ("FILL(m,REPEAT)", [1, 1, 3]),
        ("100*FILL(e0,0)/r0", [0, None, 50]),
        ("IF((FILL(r0,0))>=5,100*(FILL(e0,0))/(FILL(r0,0)),0)", [0, 0, 50]),
        ("IF(r0 > 5 AND e0 >= 4, 1, 2)", [None, 2, 1]),
        ("IF(m, 7)", [7, None, 7]),
        ("MAX([FILL(e0,0),FILL(r0,0)])", [10, 2, 8]),
        ("MIN([e0, r0])", [10, 0, 4]),
        ("SUM(METRICS())", [11, 2, 15]),
        ("AVG([e0,r0])", [10, 1, 6]),
        ("MAX(r0)", [10, 10, 10]),
        ("ABS(r0-9)", [1, 9, 1]),
        ("DIFF(r0)", [None, -10, 8]),
        ("RATE(r0)", [None, -10 / 60, 8 / 60]),
        ("NOT (r0 == 0)", [1, 0, 1]),
    ],
)
def test_expressions(expression: str, expected: list[float | None]) -> None:
    assert evaluate(expression, METRICS, period=60) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "absent", "r0 +", "(r0", "r0 r0", "SEARCH('x')", "ANOMALY_DETECTION_BAND(r0, 2)", "[r0, e0]", "$"],
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(UnsupportedExpressionError):
        evaluate(expression, METRICS, period=60)


@given(st.floats(min_value=1e-6, max_value=1e4))
def test_rounded_response_times_stay_within_a_twentieth(seconds: float) -> None:
    assert abs(rounded(seconds) - seconds) <= 0.05 * seconds


@given(st.lists(st.floats(min_value=0.001, max_value=9.99), min_size=1, max_size=5000))
def test_any_number_of_response_times_become_few_values(times: list[float]) -> None:
    assert len({rounded(seconds) for seconds in times}) <= 4 * 91
