"""A peer of the tests that behaves, until it does not: bad_peer.py MODE [FILE]. It speaks the protocol by itself, so that it can break it."""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

mode, file = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
fuzz = random.Random(int(mode.split("-")[1])) if mode.startswith("fuzz-") else None
print("about to", mode, file=sys.stderr, flush=True)
if mode == "never-join":
    sys.exit(3)
if mode == "silent":
    time.sleep(600)
if mode == "touch":
    open(file, "w").close()

host, port = os.environ["ACTORMULTISCALE_ADDRESS"].rsplit(":", 1)
link = socket.create_connection((host, int(port)))
x, step, ready, asked = 1.0, 0, False, 0


def frame(kind, data=b""):
    return struct.pack("<IB", len(data) + 1, kind) + data


def text(value):
    return struct.pack("<i", len(value.encode())) + value.encode()


def send(data):
    global asked
    asked += 1
    if fuzz and asked == fuzz_at:
        way, at = fuzz.randrange(5), fuzz.randrange(len(data))
        if way == 0:
            data = bytes(fuzz.randrange(256) for _ in range(fuzz.randrange(1, 200)))
        elif way == 1:
            data = data[:at]
        elif way == 2:
            data = data[:at] + bytes([data[at] ^ (1 << fuzz.randrange(8))]) + data[at + 1:]
        elif way == 3:
            data = data[:4] + bytes([fuzz.randrange(256)]) + data[5:]
        else:
            data = data[:at] + bytes(fuzz.randrange(256) for _ in range(fuzz.randrange(1, 20))) + data[at:]
        link.sendall(data)
        if fuzz.randrange(2):
            os._exit(0)
        return
    link.sendall(data)


fuzz_at = fuzz.randrange(1, 9) if fuzz else 0


def samples(*list_of):
    return frame(10, struct.pack("<i", len(list_of)) + b"".join(struct.pack("<di", t, len(v)) + struct.pack(f"<{len(v)}d", *v) for t, v in list_of))


def misbehave(start, end):
    """At t = 3; true where an answer was sent, or none will be."""
    good = samples((end, [x]))
    if mode in ("die-once", "hang-once"):
        if os.path.exists(file):
            return False
        open(file, "w").close()
        if mode == "die-once":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)
    if mode in ("hang", "hang-with-child"):
        if mode == "hang-with-child":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", file])
        if file:
            open(file, "w").write(str(os.getpid()))
        time.sleep(600)
    if mode == "orphan":                    # The child outlives its parent, and is nobody's child then.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", file])
        os._exit(7)
    if mode == "exit":
        print("no more licenses", file=sys.stderr, flush=True)
        sys.exit(9)
    if mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    answers = {
        "truncated": good[:11],
        "oversized": struct.pack("<IB", 0xFFFFFFF0, 10) + good[5:],
        "promised": struct.pack("<IB", 1 << 29, 10) + good[5:],
        "garbage": b"Iteration 17: residual 1e-5\n" * 3,
        "empty": struct.pack("<I", 0),
        "wrong-kind": frame(12),
        "unknown-kind": frame(200),
        "nan": samples((end, [float("nan")])),
        "infinite": samples((end, [float("inf")])),
        "too-few": samples((end, [])),
        "too-many": samples((end, [1.0, 2.0])),
        "no-samples": samples(),
        "too-late": samples((end + 1, [x])),
        "too-early": samples((start - 1, [x]), (end, [x])),
        "too-short": samples(((start + end) / 2, [x])),
        "not-a-time": samples((float("nan"), [x])),
        "many-samples": frame(10, struct.pack("<i", 1 << 30)),
        "negative-count": frame(10, struct.pack("<i", -1)),
        "more-bytes": frame(10, good[5:] + b"more"),
        "cannot": frame(13, text("the mesh is tangled")),
        "bad-error": frame(13, b"\xff\xff\xff\x7f"),
    }
    if mode not in answers:
        return False
    send(answers[mode])
    if mode == "truncated":
        os._exit(0)
    return True


ports = "in y x 1\nout x x 1" if mode != "other-ports" else "in y x 1\nout x x 1, 3 components"
flags = 0 if mode == "cannot-restore" else 1
token = "0" * 32 if mode == "wrong-token" else os.environ["ACTORMULTISCALE_TOKEN"]
if mode == "http":
    link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
else:
    send(frame(1, struct.pack("<Ii", 0x58534D41, 2 if mode == "other-version" else 1) + text(token) + struct.pack("<i", flags) + text("bad-peer") + text("") + text(ports) + struct.pack("<ii", 0, 0)))
stream = link.makefile("rb")
while True:
    head = stream.read(4)
    body = stream.read(struct.unpack("<I", head)[0]) if len(head) == 4 else b"\x07"
    kind = body[0]
    if kind == 7:
        sys.exit(0)
    if kind == 13:
        sys.exit(body[5:].decode())
    if kind == 3:
        send(samples((0.0, [x])))
    elif kind == 4:
        _, _, _, start, end, _ = struct.unpack_from("<qqdddi", body, 1)
        if start >= 3 and misbehave(start, end):
            continue
        (y,) = struct.unpack_from("<d", body, len(body) - 8)
        x = 0.5 * x + 0.25 * y + (end - start)
        send(samples((end, [x])))
    elif kind == 5:
        send(frame(11, struct.pack("<d", x)) if mode != "silent-save" else b"")
    elif kind == 6:
        (x,) = struct.unpack("<d", body[1:9])
        send(frame(12))
