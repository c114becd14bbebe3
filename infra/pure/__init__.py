"""Rules without Pulumi: sizes, names, documents, budgets. Everything here is a function of its arguments."""
