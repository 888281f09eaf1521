"""Step 4 for S3: answers.py has moto asked and words what it says; refusals.py and deletions.py are
what S3 says itself."""
