"""Requests as people write them for `decide`, one JSON object a line.

fields.py forgives spellings, callers.py makes the principal, own_keys.py fills in what AWS would;
lines.py puts them together and decides.
"""
