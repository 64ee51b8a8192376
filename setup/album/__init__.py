"""`setup/pictures`: screenshots of the demo, each taken anew in a real browser.

`main` and `pictures` (the list) are standard library; `camera` takes them, in a process
of its own inside the environment.
"""
