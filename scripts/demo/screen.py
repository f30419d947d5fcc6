"""What the demo prints: plain text, coloured only on a terminal that wants it."""

import os
import sys
import time

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
STARTED = time.monotonic()


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def bold(text):
    return paint("1", text)


def dim(text):
    return paint("2", text)


def green(text):
    return paint("32", text)


def red(text):
    return paint("31", text)


def yellow(text):
    return paint("33", text)


def say(text=""):
    print(text, flush=True)


def heading(number, text):
    say()
    say(bold(f"{number}. {text}") + dim(f"   ({time.monotonic() - STARTED:.0f} s)"))
    say()


def indent(text, prefix="    "):
    for line in text.rstrip("\n").split("\n"):
        say((prefix + line).rstrip())


def table(headings, rows, total=None):
    """Columns as wide as they need to be; numbers to the right."""
    everything = [headings, *rows, *([total] if total else [])]
    widths = [max(len(str(row[column])) for row in everything) for column in range(len(headings))]

    def line(row):
        cells = [str(cell).rjust(width) if isinstance(cell, int) or number else str(cell).ljust(width)
                 for cell, width, number in zip(row, widths, numeric)]
        return "    " + "  ".join(cells).rstrip()

    numeric = [all(isinstance(row[column], int) for row in rows) and bool(rows) for column in range(len(headings))]
    say(bold(line(headings)))
    for row in rows:
        say(line(row))
    if total:
        say("    " + "  ".join("-" * width for width in widths))
        say(line(total))
