"""The real AWS account: guard rails, naming, tags, the mirror, teardown.

lab.py is what a notebook holds; settings.py and learner.py say whose account it is. A call goes
through calls.py: guard.py and boundary.py (what may be asked), names.py and creates.py (as it is
called and marked there), journal.py, then AWS, then mirror.py and reasons.py (what it should have
said, and why). cleanup/ takes away what a run has made; gate.py says where all this may run at all.
"""
