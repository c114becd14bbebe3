"""The components of this repository as a Pulumi package, and for Python programs without one."""
