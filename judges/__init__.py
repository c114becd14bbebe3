"""`make judges`: test suites of others against the local cloud, in a table."""
