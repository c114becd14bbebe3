"""Run the operations CLI: `python -m automation <verb> [stack]`."""

from automation.cli import main

main()
