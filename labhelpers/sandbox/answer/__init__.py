"""Step 4: replies.py answers an authorized Call: sts/ for STS, moto.py for the rest, with what IAM
and S3 do and moto does not (iam_extras.py, identity_providers.py; s3.py, s3_refusals.py). The others mend moto itself.
CloudTrail's LookupEvents is answered where the events are: record/lookup.py."""
