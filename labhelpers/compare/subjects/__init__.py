"""The tables of scenarios, a module for each subject."""
