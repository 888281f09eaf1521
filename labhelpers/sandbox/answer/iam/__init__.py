"""What IAM does and moto does not, one concern a file; iam_extras.py and replies.py call them."""
