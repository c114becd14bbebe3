"""A local page that draws what the services of the local cloud do."""
