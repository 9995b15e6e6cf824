"""The workspace over HTTP: pages for people, Azure's API for programs.

What goes in is a request; what comes out was read from the workspace's file, or written to it, in
one short transaction each. The engine is told as it is told of an `apply`: by the file. So this
runs as a process of its own beside the engine (`reconciler serve` starts it), and neither the load
nor a fault of one reaches the other.
"""
