"""Names by which tasks find each other: Cloud Map records and Service Connect aliases in hosts files."""
