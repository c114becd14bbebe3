"""Run the local cloud's own commands: `python -m localcloud <verb>`."""

from localcloud import early  # isort: split

from localcloud.cli import main

early.started()

main()
