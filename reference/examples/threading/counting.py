import threading


def process(count, shown):
    shown.wait()
    for i in range(count):
        print(i)


shown = threading.Event()
thread = threading.Thread(target=process, args=(5, shown))
thread.start()

print(f"thread status: {thread.is_alive()}")
shown.set()

thread.join()
print("I am main thread")
