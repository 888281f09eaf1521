"""What somebody can come to do by a few calls that change who they are or what they may do."""
