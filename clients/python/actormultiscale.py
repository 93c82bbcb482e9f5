"""Takes part in a coupled run of ActorMultiscale as a solver in another process. Standard library only; numpy if it is there.

Derive a class from Solver, say what its ports are, and hand it to run(). The protocol: docs/external-participants.md.
"""
import array
import os
import signal
import socket
import struct
import sys
try:
    import numpy
except ImportError:
    numpy = None

VERSION, MAGIC = 1, 0x58534D41
HELLO, WELCOME, INITIALIZE, ADVANCE, SAVE, RESTORE, SHUT_DOWN, SAMPLES, STATE, DONE, ERROR = 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13


class Solver:
    """What a solver may say and do. A solver that has no save() and restore() takes part where no window is repeated."""
    name = "solver"
    ports = ()              # As in the experiment: "in force F N", "out spring-force F N, 3 components, 20 points", ...
    phases = ()             # The phases of a step, in order; usually none.
    coordinates = {}        # By port: x, y, z of every point in meters, in one flat list; optional.

    def initialize(self, outputs):
        """Sets the state at t = 0 and writes every out-port that has a value there: outputs.write("u", 0, [1.0])."""

    def advance(self, window, inputs, outputs):
        """Advances over the window. Every out-port is written at increasing times, the last exactly at window.end."""


class Window:
    """The window to advance over: start, end and length in seconds, and its ends in ticks. phase is a number, or -1."""

    def __init__(self, start_tick, end_tick, tick, start, end, phase):
        self.start_tick, self.end_tick, self.start, self.end, self.phase = start_tick, end_tick, start, end, phase
        self.length = (end_tick - start_tick) * tick

    def end_of_step(self, step, steps):
        """The end of one of so many equal steps; exactly the window's end for the last."""
        return self.end if step + 1 == steps else self.start + self.length * (step + 1) / steps


class Inputs:
    """What the in-ports hold: for each a start and a list of (time, values)."""

    def __init__(self, waveforms):
        self._waveforms = waveforms

    def is_connected(self, port):
        return bool(self._waveforms[port][1])

    def samples(self, port):
        """The peer's own samples, (time, values), in order of time."""
        return self._waveforms[port][1]

    def read(self, port, time):
        """The values of an instant at a time: as stored at a sample, else linear between the two around it."""
        samples = self._waveforms[port][1]
        if time >= samples[-1][0] or len(samples) == 1:
            return samples[-1][1]
        if time <= samples[0][0]:
            return samples[0][1]
        i = next(k for k, s in enumerate(samples) if s[0] >= time)
        (t0, a), (t1, b) = samples[i - 1], samples[i]
        w = (time - t0) / (t1 - t0)
        return b if time == t1 else (1 - w) * a + w * b if numpy else [(1 - w) * x + w * y for x, y in zip(a, b)]

    def over(self, port, start, end, mean):
        """The mean (of a port declared 'average'), else the integral (of one declared 'integral'), over a part of the window."""
        begin, samples = self._waveforms[port]
        total = [0.0] * len(samples[-1][1])
        for k, (time, values) in enumerate(samples):
            until = max(time, end) if k == len(samples) - 1 else time
            overlap = min(end, until) - max(start, begin)
            if overlap > 0:
                weight = overlap / ((end - start) if mean else (until - begin))
                total = [x + weight * y for x, y in zip(total, values)]
            begin = time
        return numpy.array(total) if numpy else total


class Outputs:
    def __init__(self, names):
        self._samples = {name: [] for name in names}

    def write(self, port, time, values):
        """Numbers point by point, components interleaved, at times that increase."""
        data = numpy.ascontiguousarray(values, dtype="<f8").tobytes() if numpy else struct.pack(f"<{len(values)}d", *values)
        self._samples[port].append(struct.pack("<di", time, len(data) // 8) + data)

    def frame(self):
        return b"".join(struct.pack("<i", len(s)) + b"".join(s) for s in self._samples.values())


def run(solver):
    """Joins the run that started this process and serves it to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # Ctrl-C is the program's business; it lets us go when it is ready.
    host, port = os.environ["ACTORMULTISCALE_ADDRESS"].rsplit(":", 1)
    link = socket.create_connection((host.strip("[]"), int(port)))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = link.makefile("rb")
    names = {way: [p.split()[1] for p in solver.ports if p.split()[0] == way] for way in ("in", "out")}

    def send(kind, data=b""):
        link.sendall(struct.pack("<IB", len(data) + 1, kind) + data)

    def text(value):
        data = value.encode()
        return struct.pack("<i", len(data)) + data

    hello = struct.pack("<Ii", MAGIC, VERSION) + text(os.environ["ACTORMULTISCALE_TOKEN"]) + struct.pack("<i", hasattr(solver, "save"))
    hello += text(solver.name) + text("\n".join(solver.phases)) + text("\n".join(solver.ports))
    points = [solver.coordinates.get(p.split()[1], ()) for p in solver.ports]
    send(HELLO, hello + b"".join(struct.pack(f"<i{len(xyz)}d", len(xyz), *xyz) for xyz in points))
    while True:
        head = stream.read(4)
        frame = stream.read(struct.unpack("<I", head)[0]) if len(head) == 4 else b""
        kind, at = (frame[0], 1) if frame else (SHUT_DOWN, 0)       # A connection that ends means the same.
        if kind == SHUT_DOWN:
            return
        if kind == ERROR:
            sys.exit(frame[5:].decode())
        try:
            if kind in (INITIALIZE, ADVANCE):
                outputs = Outputs(names["out"])
                if kind == INITIALIZE:
                    solver.initialize(outputs)
                else:
                    window, at, waveforms = Window(*struct.unpack_from("<qqdddi", frame, at)), at + 44, {}
                    for name in names["in"]:
                        (start, count), at, samples = struct.unpack_from("<di", frame, at), at + 12, []
                        for _ in range(count):
                            (time, n), at = struct.unpack_from("<di", frame, at), at + 12
                            values = numpy.frombuffer(frame, "<f8", n, at) if numpy else array.array("d", frame[at:at + 8 * n])
                            samples.append((time, values))
                            at += 8 * n
                        waveforms[name] = (start, samples)
                    solver.advance(window, Inputs(waveforms), outputs)
                send(SAMPLES, outputs.frame())
            elif kind == SAVE:
                send(STATE, solver.save())
            elif kind == RESTORE:
                solver.restore(frame[1:])
                send(DONE)
        except Exception as fault:      # Whatever it is: the run hears of it, and this process can be asked again.
            send(ERROR, text(f"{type(fault).__name__}: {fault}"))
