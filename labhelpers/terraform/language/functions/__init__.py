"""The functions of the language by subject; call finds, checks and calls them."""
