"""Step 4: replies.py answers an authorized Call: sts/ for STS, moto.py for the rest, with what moto
does not do for IAM (iam/, iam_extras.py, identity_providers.py) and S3 (s3/). mends/ and the
others mend moto itself. CloudTrail's LookupEvents is answered where the events are:
record/lookup.py."""
