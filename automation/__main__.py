"""Run the operations CLI: `python -m automation <verb> [stack]`."""

from automation.cli import main
from localcloud import early

early.started()

main()
