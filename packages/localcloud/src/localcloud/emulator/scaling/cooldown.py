"""Cooldowns: what a policy may still do while its last scaling has not had its effect.

Rules: Application Auto Scaling User Guide, "Define cooldown periods". Scaling in is blocked until its cooldown is
over. During a scale-out cooldown what was added counts towards the next scale-out: only a larger one adds more.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """The last time a policy changed the capacity in one direction.

    Args:
        at: When, in seconds of the clock that `Cooldowns` is asked with.
        before: Capacity before it.
        after: Capacity after it.
    """

    at: float
    before: int
    after: int


@dataclass
class Cooldowns:
    """The memory of one policy."""

    out: Scaled | None = None
    back: Scaled | None = None

    def base(self, capacity: int, now: float, seconds: float) -> int:
        """The capacity a scale-out is reckoned from: the one before the last, while that one cools down.

        When something else has changed the capacity meanwhile, the memory says nothing any more.
        """
        recent = self.out is not None and now - self.out.at < seconds
        return self.out.before if recent and self.out and self.out.after == capacity else capacity

    def blocks_scale_in(self, now: float, *, in_seconds: float, out_seconds: float) -> bool:
        """Whether scaling in has to wait, for the last scale-in or for the last scale-out to take effect."""
        recent_in = self.back is not None and now - self.back.at < in_seconds
        recent_out = self.out is not None and now - self.out.at < out_seconds
        return recent_in or recent_out

    def scaled(self, now: float, before: int, after: int) -> None:
        """Remember a change; scaling out ends the cooldown of a scale-in."""
        if after > before:
            # A larger scale-out within the cooldown is reckoned from the same capacity as the one it tops.
            self.out = Scaled(at=now, before=before, after=after)
            self.back = None
        else:
            self.back = Scaled(at=now, before=before, after=after)
