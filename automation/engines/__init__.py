"""What runs a stack: the built-in engine or Pulumi's own, behind one interface."""

from automation.engines.base import CloudResource, EngineName, StackEngine

__all__ = ["CloudResource", "EngineName", "StackEngine"]
