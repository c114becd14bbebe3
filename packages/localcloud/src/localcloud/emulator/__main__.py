"""Entry point of the background process: `python -m localcloud.emulator`."""

from localcloud.emulator.server import main

if __name__ == "__main__":
    main()
