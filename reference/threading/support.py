"""What the twins of threading share: the twin of conformance/threading/support.hpp."""

import threading


class Bunch:
    """n threads that all do the same, joined at the end."""

    def __init__(self, n, f):
        self.threads = [threading.Thread(target=f) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()
