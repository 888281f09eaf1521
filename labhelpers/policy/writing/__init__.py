"""From text to Policy: what AWS accepts when a policy is stored, and what it refuses.

parse.py compiles a text or raises the first defect (grammar.py and its parts); validate.py reports
them all as findings, with the lines and columns of places.py.
"""
