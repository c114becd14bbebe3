"""Run the local cloud's own commands: `python -m localcloud <verb>`."""

from localcloud.entry import main

main()
