"""Step 4: replies.py answers an authorized Call: sts/ for STS, moto.py for the rest, with what IAM
does and moto does not (iam_extras.py, identity_providers.py). The others mend moto itself.
CloudTrail's LookupEvents is answered where the events are: record/lookup.py."""
