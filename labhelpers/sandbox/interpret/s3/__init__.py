"""Step 2 for S3: operations.py reads a request, of whose path and query parameters.py says what
they select; actions.py and checks.py put the questions, keys.py adds the condition keys.
bucket_policies.py, ownership.py and public_access.py refuse what S3 does not store."""
