"""The command `localcloud`: what has to come before everything else, then the command line."""

from localcloud import early


def main() -> None:
    """Run a command of the local cloud."""
    from localcloud.cli import main as run  # noqa: PLC0415  early has to be first

    early.started()
    run()
