import threading


class Worker(threading.Thread):
    def __init__(self):
        super().__init__()
        self.busy, self._please_stop = threading.Event(), threading.Event()

    def stop(self):
        self._please_stop.set()

    def run(self):
        while not self._please_stop.wait(0.001):
            self.busy.set()
        print("cleaning up")


worker = Worker()
worker.start()
worker.busy.wait()

worker.stop()
worker.join()
print("alive:", worker.is_alive())
