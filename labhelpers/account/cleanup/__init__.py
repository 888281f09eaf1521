"""Nothing left behind: survey.py looks for what may be the lab's (found.py), sweep.py judges what a
run has made and takes it, removal.py knows how; command.py is `python -m labhelpers sweep`."""
