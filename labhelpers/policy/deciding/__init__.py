"""Deciding one request: all policies that bear on it, combined as AWS combines them.

evaluate.py and trust.py gather the policies into a Case (case.py); decision.py concludes, and a
Decision tells its reasons when asked: steps.py, and headline.py in the words of wording.py.
decided.py is the plain record of it.
"""
