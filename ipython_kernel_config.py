"""For the kernels of the lab's environment: `make` and Binder's postBuild copy it to etc/ipython.

A restarted kernel has forgotten every name; from its first cell on it says so in a sentence.
"""

get_config().IPKernelApp.extensions = ["labhelpers.cell_errors"]  # noqa: F821, IPython's own
