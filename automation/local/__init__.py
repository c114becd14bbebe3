"""The local cloud as operations see it: the only room that starts it, runs its engine and serves its providers."""
