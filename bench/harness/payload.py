"""What bench_writer writes, as payload.hpp has it."""
import os

BLOCK = 65536
CAPTURED = 1526 * BLOCK  # 100 MB
_BODY = bytes(10 if i % 64 == 63 else 97 + i * 7 % 26 for i in range(BLOCK))[16:]
_BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "bench", "bench")
WRITER = os.path.join(os.environ.get("TANDEM_BENCH_PROGRAMS", _BUILD), "bench_writer")


def payload(blocks, pipe=0, pipes=1):
    return b"".join(b"%015d " % number + _BODY for number in range(pipe, blocks, pipes))
