"""CloudWatch metric math, as far as policies and alarms on services and load balancers need it.

Numbers, metric ids, `+ - * / ^`, comparisons, `AND`/`OR`/`NOT` (`&&`, `||`), lists in brackets, and the functions ABS,
AVG, CEIL, DIFF, FILL, FLOOR, IF, MAX, MIN, RATE and SUM (CloudWatch User Guide, "Using math expressions").
A time series is a list of values, one per period, oldest first, with None where the period has no data.
"""

import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Series: TypeAlias = list[float | None]
Value: TypeAlias = "float | Series | list[Series]"
_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|(>=|<=|==|!=|&&|\|\||[-+*/^()\[\],<>]))"
)
_OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else None,
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
}
_COMPARE = {">", ">=", "<", "<=", "==", "!="}
_ROUND: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda number: float(math.ceil(number)),
    "FLOOR": lambda number: float(math.floor(number)),
}


class UnsupportedExpressionError(ValueError):
    """The expression is wrong, or uses what the local cloud does not emulate."""


@dataclass
class _Input:
    tokens: list[str]
    text: str
    position: int = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise UnsupportedExpressionError(f"expected {token!r} in {self.text!r}")


def evaluate(expression: str, metrics: Mapping[str, Series], *, period: float) -> Series:
    """Evaluate an expression over metrics of equal length; a number becomes a series of it.

    Args:
        expression: The expression.
        metrics: Time series by id.
        period: Seconds per value, for RATE.

    Raises:
        UnsupportedExpressionError: It is not valid, or not supported.
    """
    length = max((len(series) for series in metrics.values()), default=1)
    source = _Input(_tokens(expression), expression)
    value = _Evaluator(source, metrics, period, length).whole()
    if isinstance(value, list) and value and isinstance(value[0], list):
        raise UnsupportedExpressionError(f"{expression!r} yields several time series, an alarm needs one")
    return _series(value, length)


def _tokens(expression: str) -> list[str]:
    tokens, position = [], 0
    text = expression.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise UnsupportedExpressionError(f"cannot read {text[position:]!r} in {expression!r}")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


def _series(value: Value, length: int) -> Series:
    if isinstance(value, list):
        return [entry if not isinstance(entry, list) else None for entry in value]
    return [value] * length


class _Evaluator:
    """A recursive descent through the expression that computes as it goes."""

    def __init__(self, source: _Input, metrics: Mapping[str, Series], period: float, length: int) -> None:
        self._in = source
        self._metrics = metrics
        self._period = period
        self._length = length

    def whole(self) -> Value:
        value = self._or()
        if self._in.peek():
            raise UnsupportedExpressionError(f"unexpected {self._in.peek()!r} in {self._in.text!r}")
        return value

    def _or(self) -> Value:
        value = self._and()
        while self._in.peek().upper() in {"||", "OR"}:
            self._in.next()
            value = self._both(value, self._and(), lambda a, b: float(bool(a) or bool(b)))
        return value

    def _and(self) -> Value:
        value = self._comparison()
        while self._in.peek().upper() in {"&&", "AND"}:
            self._in.next()
            value = self._both(value, self._comparison(), lambda a, b: float(bool(a) and bool(b)))
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        while self._in.peek() in _COMPARE:
            value = self._both(value, *self._operand(self._sum))
        return value

    def _sum(self) -> Value:
        value = self._product()
        while self._in.peek() in {"+", "-"}:
            value = self._both(value, *self._operand(self._product))
        return value

    def _product(self) -> Value:
        value = self._unary()
        while self._in.peek() in {"*", "/"}:
            value = self._both(value, *self._operand(self._unary))
        return value

    def _operand(self, side: Callable[[], Value]) -> tuple[Value, Callable[[float, float], float | None]]:
        work = _OPERATORS[self._in.next()]
        return side(), work

    def _unary(self) -> Value:
        if self._in.peek() == "-":
            self._in.next()
            return self._both(0.0, self._unary(), operator.sub)
        if self._in.peek().upper() == "NOT":
            self._in.next()
            return self._both(self._unary(), 0.0, lambda a, _: float(not a))
        return self._power()

    def _power(self) -> Value:
        value = self._atom()
        if self._in.peek() == "^":
            self._in.next()
            value = self._both(value, self._unary(), operator.pow)
        return value

    def _atom(self) -> Value:
        word = self._in.next()
        if word == "(":
            value = self._or()
            self._in.expect(")")
            return value
        if word == "[":
            members = self._arguments("]")
            return [_series(member, self._length) for member in members]
        if word and (word[0].isdigit() or word[0] == "."):
            return float(word)
        if word in self._metrics:
            return list(self._metrics[word])
        if word and self._in.peek() == "(":
            self._in.next()
            return self._call(word.upper())
        raise UnsupportedExpressionError(f"{word!r} is neither a metric nor a function in {self._in.text!r}")

    def _call(self, name: str) -> Value:
        if name == "FILL":
            return self._fill()
        arguments = self._arguments(")")
        if name == "METRICS" and not arguments:
            return [list(series) for series in self._metrics.values()]
        if name == "IF" and len(arguments) in {2, 3}:
            return self._if(*(_series(argument, self._length) for argument in arguments))
        if name in {"ABS", "CEIL", "FLOOR"} and len(arguments) == 1:
            work = _ROUND[name]
            return [None if entry is None else work(entry) for entry in _series(arguments[0], self._length)]
        if name in {"MAX", "MIN", "SUM", "AVG"} and len(arguments) == 1:
            return _combine(name, arguments[0])
        if name in {"DIFF", "RATE"} and len(arguments) == 1:
            scale = self._period if name == "RATE" else 1.0
            return _differences(_series(arguments[0], self._length), scale)
        raise UnsupportedExpressionError(
            f"{name} with {len(arguments)} arguments is not emulated ({self._in.text!r})"
        )

    def _fill(self) -> Value:
        """FILL(metric, number), FILL(metric, REPEAT), or FILL(metric, LINEAR)."""
        series = _series(self._or(), self._length)
        self._in.expect(",")
        if self._in.peek().upper() == "REPEAT":
            self._in.next()
            self._in.expect(")")
            filled: Series = []
            for entry in series:
                filled.append(entry if entry is not None or not filled else filled[-1])
            return filled
        instead = _series(self._or(), self._length)
        self._in.expect(")")
        return [other if entry is None else entry for entry, other in zip(series, instead, strict=True)]

    @staticmethod
    def _if(condition: Series, then: Series, otherwise: Series | None = None) -> Series:
        missing: Series = otherwise if otherwise is not None else [None] * len(condition)
        return [
            None if test is None else (yes if test else no)
            for test, yes, no in zip(condition, then, missing, strict=True)
        ]

    def _arguments(self, closing: str) -> list[Value]:
        values: list[Value] = []
        while self._in.peek() != closing:
            values.append(self._or())
            if self._in.peek() != ",":
                break
            self._in.next()
        self._in.expect(closing)
        return values

    def _both(self, left: Value, right: Value, work: Callable[[float, float], float | None]) -> Value:
        if not isinstance(left, list) and not isinstance(right, list):
            result = work(left, right)
            if result is None:
                missing: Series = [None] * self._length
                return missing
            return result
        pairs = zip(_series(left, self._length), _series(right, self._length), strict=True)
        return [None if a is None or b is None else work(a, b) for a, b in pairs]


def _combine(name: str, argument: Value) -> Value:
    """Of a list of series the combination at each point; of one series a single number over all of it."""
    work: dict[str, Callable[[Sequence[float]], float]] = {
        "MAX": max,
        "MIN": min,
        "SUM": sum,
        "AVG": lambda entries: sum(entries) / len(entries),
    }
    combine = work[name]
    if not isinstance(argument, list):
        return argument
    if argument and isinstance(argument[0], list):
        columns = zip(*[_series(entry, 0) for entry in argument], strict=True)
        present = [[entry for entry in column if entry is not None] for column in columns]
        return [combine(column) if column else None for column in present]
    numbers = [entry for entry in argument if isinstance(entry, float | int)]
    return [combine(numbers) if numbers else None] * len(argument)


def _differences(series: Series, scale: float) -> Series:
    pairs = itertools.pairwise(series)
    return [None, *(None if a is None or b is None else (b - a) / scale for a, b in pairs)]
