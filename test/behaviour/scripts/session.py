"""Counts the steps of a session and stops at the first one that is wrong."""

import sys

steps = 0


def want(got, expected):
    global steps
    steps += 1
    if got != expected:
        sys.exit(f"step {steps}: got {got!r:.200}, want {expected!r:.200}")


def finish():
    print(f"{steps} steps")
