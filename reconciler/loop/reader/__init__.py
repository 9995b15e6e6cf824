"""How the loop reads a revision: in a process of its own, which may hang, die, or eat too much.

`process.py` starts and ends it, `__main__.py` is what runs in it, `direct.py` is what both read by.
"""
