"""What a lesson may do in a real account.

guard.py is asked before each call: is it among what the lessons use (allowed.py), is all that it
names the run's own (owned.py), does it keep sweep's marks (tags.py) and open nothing (trust.py,
buckets.py, ranges.py)? boundary.py is what AWS itself holds the lab's identities to.
"""
