"""Benchmarks: each prints ratios measured in one run, which hold on any machine, next to absolute figures."""
