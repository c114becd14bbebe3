"""Write a stack file's entries for services that a Dockerfile, Compose file or Copilot manifest describes."""

from automation.init.looking import look
from automation.init.writing import add_to, text_of

__all__ = ["add_to", "look", "text_of"]
