"""Everything `make bench` shows: the program's evaluation, waiting times and sizes, the service against the seed's."""

from bench import app, program, stack

program.main()
stack.main()
app.main()
