"""How much faster than AWS the waiting parts of AWS pass here.

Alarm periods, cooldowns and bake times are minutes on AWS; a person in front of a screen should not wait for them. They
pass faster by one factor, while every API answer shows the values that were asked for.
"""

import os

from localcloud.settings import DEFAULT_CLOCK


def factor() -> float:
    """LOCALCLOUD_CLOCK: 12 by default, so that a minute of AWS takes five seconds; 1 is AWS's own pace."""
    return float(os.environ.get("LOCALCLOUD_CLOCK") or DEFAULT_CLOCK)


def shortened(seconds: float) -> float:
    """How long a time of AWS takes here, in seconds."""
    return seconds / factor()
