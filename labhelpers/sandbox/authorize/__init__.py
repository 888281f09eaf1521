"""Step 3: decide.py puts every Check of a Call to the policies, with the condition keys of
context.py; denials.py words the refusal. The decision itself is labhelpers.policy's."""
