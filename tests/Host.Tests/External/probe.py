"""A peer of the tests that tells what it reads: everything that the client offers, in one window, in two phases."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "clients", "python"))
from actormultiscale import Solver, run


class Probe(Solver):
    name = "probe"
    phases = ["look", "tell"]
    ports = [
        "in x u m, 2 components, 3 points, phase look", "in p P W, extensive, average, phase look", "in j J N s, extensive, integral, phase look",
        "in times t s, any points, phase look", "in nothing x 1, optional, phase look",
        "out x-at u m, 2 components, any points, no start, phase tell", "out p-over P W, any points, extensive, average, no start, phase tell",
        "out j-over J N s, any points, extensive, integral, no start, phase tell", "out count x 1, phase look"]
    coordinates = {"x": [0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 2.0, 0.0, 1e-3]}
    count = 0.0

    def initialize(self, outputs):
        outputs.write("count", 0, [self.count])

    def advance(self, window, inputs, outputs):
        if window.phase == 0:
            times = list(inputs.read("times", window.end))
            self.x = [v for t in times for v in inputs.read("x", t)]
            self.p = [inputs.over("p", a, b, mean=True)[0] for a, b in zip(times, times[1:])]
            self.j = [inputs.over("j", a, b, mean=False)[0] for a, b in zip(times, times[1:])]
            assert not inputs.is_connected("nothing") and inputs.is_connected("x")
            self.count += len(inputs.samples("x"))
            outputs.write("count", window.end, [self.count])
        else:
            outputs.write("x-at", window.end, self.x)
            outputs.write("p-over", window.end, self.p)
            outputs.write("j-over", window.end, self.j)


run(Probe())
