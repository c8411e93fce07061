import threading


class Notes(threading.local):
    def __init__(self):
        self.places = []


rounds = []


def action():
    rounds.append(None)
    print("round", len(rounds))


barrier, notes, places = threading.Barrier(3, action, timeout=60), Notes(), []


def work():
    for _ in range(2):
        notes.places.append(barrier.wait())
    places.extend(notes.places)


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"sum of the places: {sum(places)}, notes of main: {len(notes.places)}")

rang = threading.Event()
late, timer = threading.Timer(60, print, ["never"]), threading.Timer(0.001, rang.set)
late.start()
timer.start()
rang.wait()
late.cancel()
late.join()
print("rang, and cancelled")
