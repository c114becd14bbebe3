"""`python -m release TAG` prints the text of a release, or says why there cannot be one."""

import sys

from release import ROOT, VERSION, ReleaseError, notes


def main(arguments: list[str]) -> int:
    """Print the text; the exit code is 1 where there is none, and 2 without a tag."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m release TAG, for example v0.1.0\n")
        return 2
    try:
        text = notes(arguments[0], version=VERSION, changelog=(ROOT / "CHANGELOG.md").read_text("utf-8"))
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
