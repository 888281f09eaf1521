"""Step 2 for STS: operations.py has the table, each operation (or kin) a file."""
