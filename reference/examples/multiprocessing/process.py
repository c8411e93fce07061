"""The document's Process (line 474), mended: Python's print loses nothing where the parent has printed before, as start()
flushes; and close() is shown.
"""

from multiprocessing import Process

if __name__ == "__main__":
    process = Process(target=print, args=("Hello World",))
    process.start()  # Start the process
    process.join()  # Wait for the process to finish
    print("exitcode:", process.exitcode)
    process.close()  # Close the process
