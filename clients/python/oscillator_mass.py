"""One mass of the two-mass oscillator: m a + k u = F(t), stepped by Newmark's method. Run as: oscillator_mass.py left|right STEPS"""
import math
import struct
import sys
from actormultiscale import Solver, run

OUTER, MIDDLE = 4 * math.pi * math.pi, 16 * math.pi * math.pi      # N/m; the mass is 1 kg.
SIGN, STEPS = (1 if sys.argv[1] == "left" else -1), int(sys.argv[2])


class Mass(Solver):
    name = "oscillator-mass"
    ports = ["in force F N", "out spring-force F N", "out displacement u m", "out max-error |u−u_exact| m"]

    def exact(self, t):
        return 0.5 * (math.cos(2 * math.pi * t) + SIGN * math.cos(6 * math.pi * t))

    def write(self, outputs, t):
        outputs.write("spring-force", t, [MIDDLE * self.u])
        outputs.write("displacement", t, [self.u])
        outputs.write("max-error", t, [self.error])

    def initialize(self, outputs):
        self.u, self.v, self.error = self.exact(0), 0.0, 0.0
        self.a = MIDDLE * 0.5 * (1 - SIGN) - (OUTER + MIDDLE) * self.u
        self.write(outputs, 0)

    def advance(self, window, inputs, outputs):
        t = window.start
        for step in range(STEPS):
            end = window.end_of_step(step, STEPS)
            dt = end - t
            guess = self.u + dt * self.v + dt * dt * 0.25 * self.a
            a = (inputs.read("force", t + dt)[0] - (OUTER + MIDDLE) * guess) / (1 + (OUTER + MIDDLE) * 0.25 * dt * dt)
            self.u, self.v, self.a = guess + 0.25 * dt * dt * a, self.v + dt * (0.5 * self.a + 0.5 * a), a
            t = end
            self.error = max(self.error, abs(self.u - self.exact(t)))
            self.write(outputs, t)

    def save(self):
        return struct.pack("<4d", self.u, self.v, self.a, self.error)

    def restore(self, state):
        self.u, self.v, self.a, self.error = struct.unpack("<4d", state)


run(Mass())
