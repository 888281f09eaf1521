"""What a lesson may do in a real account: guard.py asks before each call, boundary.py is what AWS
itself holds the lab's identities to, gate.py whether there is a real account at all."""
