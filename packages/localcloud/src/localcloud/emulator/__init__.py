"""The emulated AWS: one background process with MiniStack and the modules that fill its gaps."""

from localcloud.emulator.process import RunningCloud, running, start, stop

__all__ = ["RunningCloud", "running", "start", "stop"]
