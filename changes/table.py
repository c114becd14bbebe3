"""The table of changes under load, line by line as it comes."""

from collections.abc import Sequence

from changes.running import Counts, Row

_FORM = "{:<44} {:<8} {:<24} {:>12} {:>7}  {}"
HEAD = _FORM.format("change", "engine", "preview = up", "lost / of", "s", "came to")
_SIGNS = {"create": "+", "update": "~", "replace": "+-", "delete": "-", "delete replaced": "--"}


def line(row: Row) -> str:
    """One edit."""
    return _FORM.format(
        row.change,
        row.engine,
        _counts(row),
        f"{row.lost} / {row.total}",
        f"{row.seconds:.1f}",
        _came_to(row),
    ).rstrip()


def _came_to(row: Row) -> str:
    made = f"refused: {row.refusal}" if row.refusal else "ok"
    return f"FAULT: {'; '.join(row.faults)}" + (f" ({made})" if row.refusal else "") if row.faults else made


def _counts(row: Row) -> str:
    if row.refusal:
        return "refused" if row.foreseen is None else f"{_short(row.foreseen)} ≠ refused"
    foreseen, done = _short(row.foreseen or {}), _short(row.done)
    return done if row.foreseen == row.done else f"{foreseen} ≠ {done}"


def _short(counts: Counts) -> str:
    return " ".join(f"{_SIGNS.get(op, op)}{count}" for op, count in counts.items()) or "nothing"


def summary(rows: Sequence[Row]) -> str:
    """All edits together."""
    refused = sum(bool(row.refusal) and not row.faults for row in rows)
    faulty = sum(bool(row.faults) for row in rows)
    return (
        f"{len(rows)} changes: {len(rows) - refused - faulty} made, {refused} refused before anything was touched, "
        f"{faulty} with a fault; {sum(row.lost for row in rows)} of {sum(row.total for row in rows)} requests lost"
    )
