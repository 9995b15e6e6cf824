"""The code of the step `greet`."""

import argparse
import datetime

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="world")
arguments = parser.parse_args()

print(f"hello {arguments.name}, it is {datetime.datetime.now():%H:%M:%S}")
