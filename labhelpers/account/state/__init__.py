"""What this machine remembers of runs, in the state folder: what each has begun to create
(journal.py), which are at work (lock.py), and the key that signs what they make (signature.py), in
a folder of the learner's own (folder.py)."""
