"""The program: typed settings, pure rules, and the components that `__main__` wires together."""
