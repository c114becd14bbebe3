"""Typed settings of a stack: what its file may say, and every mistake in it at once.

`loader.load` is the only reader of Pulumi's configuration; everything else here is free of Pulumi.
"""
