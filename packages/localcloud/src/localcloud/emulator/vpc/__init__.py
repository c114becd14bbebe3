"""What Amazon EC2 refuses about networks, in front of MiniStack, which accepts it."""
