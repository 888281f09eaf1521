"""The real AWS account: guard rails, naming, tags, the mirror, teardown.

lab.py is what a notebook holds; settings.py and learner.py say whose account it is. A call goes
through calls.py: fence/ (what may be asked), names.py and creates.py (as it is called and marked
there), journal.py, asking.py, which asks mirror.py what to expect and then AWS, and reasons.py
(why). cleanup/ takes away what a run has made.
"""
