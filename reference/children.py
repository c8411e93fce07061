"""How a twin and the processes that it has started deal with one another: gates, tokens and notes, all of them files.

Whoever passes a gate, a FIFO, with enter() waits there for one open_gate().
"""

import os


def note(path, *values):
    """A line for the file, whole even where several processes write."""
    line = " ".join(map(str, values)) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, line.encode())
    os.close(file)


def enter(gate):
    """Called by a child: waits until the case opens the gate."""
    os.close(os.open(gate, os.O_RDONLY))


def open_gate(gate):
    """Waits until a child has come to the gate, and lets it through."""
    os.close(os.open(gate, os.O_WRONLY))


def give(fifo):
    """One hands over, another one takes; the FIFO has to be kept open meanwhile, for both."""
    end = os.open(fifo, os.O_WRONLY)
    os.write(end, b"x")
    os.close(end)


def take(fifo):
    end = os.open(fifo, os.O_RDONLY)
    os.read(end, 1)
    os.close(end)


def count_in_order(path):
    """How many of the first lines are 0, 1, 2 and so on."""
    count = 0
    with open(path) as file:
        for line in file:
            if int(line) != count:
                break
            count += 1
    return count
