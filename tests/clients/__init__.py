"""Unmodified clients of AWS, and ten things that each does against a sandbox; check_clients.py."""
