"""How far it is: a bar on a terminal, a plain line now and then elsewhere."""
import shutil
import sys
import time

PLAIN_EVERY = 15  # seconds


def span(seconds):
    seconds = int(seconds + 0.5)
    return f"{seconds // 60} min {seconds % 60:02} s" if seconds >= 60 else f"{seconds} s"


class Progress:
    def __init__(self, stream=sys.stderr):
        self.stream, self.bar = stream, stream.isatty()
        self._last = time.monotonic()

    def show(self, number, rounds, row, label, left):
        share, seconds = left
        if self.bar:
            self._draw(share, f" {span(seconds)} left · round {number + 1}/{rounds} · {row} · {label}")
        elif time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            print(f"{share:4.0%}, {span(seconds)} left, round {number + 1} of {rounds}: {row}",
                  file=self.stream, flush=True)

    def _draw(self, share, text):
        width = shutil.get_terminal_size().columns - 1
        full = int(24 * min(1, share))
        line = "█" * full + "░" * (24 - full) + f" {share:4.0%}" + text
        self.stream.write("\r" + line[:width].ljust(width))
        self.stream.flush()

    def end(self):
        if self.bar:
            self.stream.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self.stream.flush()
