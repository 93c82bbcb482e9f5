/* One mass of the two-mass oscillator: m a + k u = F(t), stepped by Newmark's method. Run as: oscillator_mass left|right STEPS
 * Build: cc -std=c99 -D_GNU_SOURCE -O2 -o oscillator_mass oscillator_mass.c -lm */
#include "actor_multiscale.h"
#include <math.h>

static const double OUTER = 4 * M_PI * M_PI, MIDDLE = 16 * M_PI * M_PI;     /* N/m; the mass is 1 kg. */
static struct { double u, v, a, error; } m;
static int sign, steps;

static double exact(double t) { return 0.5 * (cos(2 * M_PI * t) + sign * cos(6 * M_PI * t)); }

static void put(am_solver *s, double t) {
    double force = MIDDLE * m.u;
    am_write(s, "spring-force", t, &force, 1), am_write(s, "displacement", t, &m.u, 1), am_write(s, "max-error", t, &m.error, 1);
}

static void initialize(am_solver *s) {
    m.u = exact(0), m.v = 0, m.error = 0;
    m.a = MIDDLE * 0.5 * (1 - sign) - (OUTER + MIDDLE) * m.u;
    put(s, 0);
}

static void advance(am_solver *s) {
    double t = s->start, force;
    for (int step = 0; step < steps; step++) {
        double end = am_end_of_step(s, step, steps), dt = end - t;
        double guess = m.u + dt * m.v + dt * dt * 0.25 * m.a;
        am_read(s, "force", t + dt, &force, 1);
        double a = (force - (OUTER + MIDDLE) * guess) / (1 + (OUTER + MIDDLE) * 0.25 * dt * dt);
        m.u = guess + 0.25 * dt * dt * a, m.v += dt * (0.5 * m.a + 0.5 * a), m.a = a;
        t = end;
        m.error = fmax(m.error, fabs(m.u - exact(t)));
        put(s, t);
    }
}

int main(int argc, char **argv) {
    sign = argc > 1 && !strcmp(argv[1], "left") ? 1 : -1, steps = argc > 2 ? atoi(argv[2]) : 4;
    am_solver s = { .name = "oscillator-mass", .initialize = initialize, .advance = advance, .state = &m, .state_size = sizeof m,
        .ports = "in force F N\nout spring-force F N\nout displacement u m\nout max-error |u\xe2\x88\x92u_exact| m" };
    return am_run(&s);
}
