"""The document's Pipe (line 553), and the other things that it says of pipes: without duplex the first end only receives
and the second only sends; and the end of all messages is seen once every copy of the other end is closed.
"""

from multiprocessing import Pipe, Process


def f(conn):
    conn.send([11, None, "lily"])
    conn.close()


if __name__ == "__main__":
    conn1, conn2 = Pipe()
    p = Process(target=f, args=(conn2,))
    p.start()
    print(conn1.recv())
    p.join()
    conn2.close()
    try:
        conn1.recv()
    except EOFError:
        print("EOFError")

    reader, writer = Pipe(duplex=False)
    writer.send("one way")
    print(reader.recv())
    for act in (lambda: reader.send("the other"), writer.recv):
        try:
            act()
        except OSError as error:
            print("OSError:", error)
