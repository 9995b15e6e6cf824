"""What the operating system has a say in: who may read a file, who hears a signal."""
