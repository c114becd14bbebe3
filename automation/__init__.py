"""Operate any stack of this program: deploy it, look at it, scale it, from the command line or from scripts."""
