"""What AWS refuses when a policy is written: JSON, grammar, sizes and characters.

parse.py compiles a text or raises the first defect (grammar.py); validate.py reports them all as
findings, with the lines and columns of places.py.
"""
