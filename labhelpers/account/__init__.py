"""The real AWS account: guard rails, naming, tags, the mirror, teardown."""
