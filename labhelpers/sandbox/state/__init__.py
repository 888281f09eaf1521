"""What moto holds (iam.py, buckets.py, instances.py, organizations.py, providers.py) and what the
sandbox itself remembers beside it (registry.py, sessions.py, clock.py, keys and issuers)."""
