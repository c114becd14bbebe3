"""Run by Pulumi's language host as a plugin (`PulumiPlugin.yaml`)."""

import sys
from pathlib import Path

# The host runs this folder as a script: what it needs is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi.provider import main

from component.host import provider

if __name__ == "__main__":
    main(provider(), sys.argv[1:])
