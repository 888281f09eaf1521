"""Why a request was refused, and the smallest change that would allow it.

explain.py tells the decision; remedy.py tries other requests (passing.py) and one more statement
(missing.py), and proposes only what decides otherwise when tried.
"""
