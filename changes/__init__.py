"""Changes under load: ordinary edits of running stacks, made on the local cloud while requests never stop."""
