"""Complete scripts on the automation library; each runs as it stands."""
