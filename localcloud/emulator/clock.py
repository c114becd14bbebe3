"""How much faster than AWS the waiting parts of AWS pass here.

Alarm periods, cooldowns, bake times and scheduled rates are minutes on AWS; a person in front of a screen should not
wait for them. They pass faster by one factor, while every API answer shows the values that were asked for.
"""

import os

DEFAULT_FACTOR = 12.0


def factor() -> float:
    """LOCALCLOUD_CLOCK_FACTOR: 12 by default, so that a minute of AWS takes five seconds; 1 is AWS's own pace."""
    try:
        return max(1.0, float(os.environ.get("LOCALCLOUD_CLOCK_FACTOR") or DEFAULT_FACTOR))
    except ValueError:
        return DEFAULT_FACTOR


def shortened(seconds: float) -> float:
    """How long a time of AWS takes here, in seconds."""
    return seconds / factor()
