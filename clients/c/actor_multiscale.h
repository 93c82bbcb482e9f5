/* Takes part in a coupled run of ActorMultiscale as a solver in another process. C99 and POSIX sockets, this file alone.
 * Fill an am_solver and call am_run(). The protocol: docs/external-participants.md. For little-endian machines. */
#ifndef ACTOR_MULTISCALE_H
#define ACTOR_MULTISCALE_H
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AM_VERSION = 1, AM_MAGIC = 0x58534D41, AM_PORTS = 64 };
enum { AM_HELLO = 1, AM_WELCOME, AM_INITIALIZE, AM_ADVANCE, AM_SAVE, AM_RESTORE, AM_SHUT_DOWN, AM_SAMPLES = 10, AM_STATE, AM_DONE, AM_ERROR };

typedef struct { char *data; size_t size, room; } am_bytes;

typedef struct am_solver {
    const char *name;           /* What the solver calls itself. */
    const char *ports;          /* As in the experiment, a line for each: "in force F N\nout spring-force F N, 20 points". */
    const char *phases;         /* Names of the phases of a step, a line for each; usually NULL. */
    void (*initialize)(struct am_solver *);     /* Sets the state at t = 0 and writes every out-port that has a value there. */
    void (*advance)(struct am_solver *);        /* Advances from start to end; the last am_write() of every out-port is at end. */
    void *state;                /* The whole state, saved and restored as it lies there; NULL for a solver that cannot go back. */
    size_t state_size;
    const char *error;          /* Set by the solver: a sentence, where the window cannot be computed. */
    int64_t start_tick, end_tick;       /* The window, during advance: its ends in ticks, */
    double tick, start, end;            /* the length of a tick and its ends in seconds, */
    int32_t phase;                      /* and the number of the phase, or -1. */
    int link, count, is_in[AM_PORTS];
    char names[AM_PORTS][64], *waveform[AM_PORTS];
    am_bytes out[AM_PORTS];
} am_solver;

static int am_die(const char *what, const char *which) { fprintf(stderr, "actor_multiscale: %s%s\n", what, which); exit(1); }
static void am_put(am_bytes *b, const void *data, size_t size) {
    if (b->size + size > b->room && !(b->data = realloc(b->data, b->room = 2 * (b->size + size)))) am_die("out of memory", "");
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
}
static void am_put_int(am_bytes *b, int32_t value) { am_put(b, &value, 4); }
static void am_put_text(am_bytes *b, const char *text) { am_put_int(b, (int32_t)strlen(text)), am_put(b, text, strlen(text)); }

static int am_port(am_solver *s, const char *name, int is_in) {
    for (int i = 0; i < s->count; i++) if (s->is_in[i] == is_in && !strcmp(s->names[i], name)) return i;
    return am_die("a port that is read or written is not described: ", name);
}

/* The end of one of so many equal steps; exactly the window's end for the last. */
static inline double am_end_of_step(const am_solver *s, int step, int steps) {
    return step + 1 == steps ? s->end : s->start + (double)(s->end_tick - s->start_tick) * s->tick * (step + 1) / steps;
}

/* Sample number k of an in-port: its time, its n values (unaligned: memcpy from them). Returns how many samples there are; none if
 * it is not connected. A sample of an average or integral speaks of the interval that ends at its time; *begin is the first one's start. */
static inline int am_sample(am_solver *s, const char *port, int k, double *begin, double *time, const char **values, int32_t *n) {
    const char *at = s->waveform[am_port(s, port, 1)];
    int32_t count;
    memcpy(begin, at, 8), memcpy(&count, at + 8, 4);
    for (at += 12; k >= 0 && count > 0; k--, at += 12 + 8 * (size_t)*n) memcpy(time, at, 8), memcpy(n, at + 8, 4), *values = at + 12;
    return count;
}

/* n values of an in-port of instants at a time: as stored at a sample, else linear between the two around it. */
static inline void am_read(am_solver *s, const char *port, double time, double *into, int n) {
    double begin, t0, t1 = 0, a, b;
    const char *v0, *v1 = NULL;
    int32_t held = 0;
    int k = 0, count = am_sample(s, port, 0, &begin, &t1, &v1, &held);
    if (count == 0 || held < n) am_die("a port that is read is not connected, or holds fewer numbers: ", port);
    for (t0 = t1, v0 = v1; t1 < time && ++k < count;) t0 = t1, v0 = v1, am_sample(s, port, k, &begin, &t1, &v1, &held);
    double w = time >= t1 || k == 0 ? 1 : (time - t0) / (t1 - t0);
    for (int i = 0; i < n; i++) {
        memcpy(&a, v0 + 8 * i, 8), memcpy(&b, v1 + 8 * i, 8), into[i] = w == 1 ? b : (1 - w) * a + w * b;
    }
}

/* Writes n numbers to an out-port, at times that increase: point by point, components interleaved. */
static inline void am_write(am_solver *s, const char *port, double time, const double *values, int n) {
    am_bytes *b = &s->out[am_port(s, port, 0)];
    if (b->size == 0) am_put_int(b, 0);
    ++*(int32_t *)(void *)b->data;      /* How many samples; realloc aligns the start of a block. */
    am_put(b, &time, 8), am_put_int(b, n), am_put(b, values, 8 * (size_t)n);
}

static void am_send(am_solver *s, char kind, const void *data, size_t size) {
    am_bytes frame = {0};
    am_put_int(&frame, (int32_t)size + 1), am_put(&frame, &kind, 1), am_put(&frame, data, size);
    for (size_t sent = 0; sent < frame.size;) {
        ssize_t n = write(s->link, frame.data + sent, frame.size - sent);
        if (n <= 0) exit(1);            /* The program is gone; there is nobody to tell. */
        sent += (size_t)n;
    }
    free(frame.data);
}

static void am_join(am_solver *s) {
    const char *address = getenv("ACTORMULTISCALE_ADDRESS"), *token = getenv("ACTORMULTISCALE_TOKEN"), *line = s->ports;
    struct sockaddr_in to = { .sin_family = AF_INET };
    am_bytes hello = {0};
    if (!address || !token || !strrchr(address, ':')) am_die("ACTORMULTISCALE_ADDRESS and ACTORMULTISCALE_TOKEN say whom to join; they are not set", "");
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)), to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN), signal(SIGINT, SIG_IGN);      /* Ctrl-C is the program's business; it lets us go when it is ready. */
    if ((s->link = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(s->link, (struct sockaddr *)&to, sizeof to) < 0) am_die("nobody listens at ", address);
    setsockopt(s->link, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    am_put_int(&hello, AM_MAGIC), am_put_int(&hello, AM_VERSION), am_put_text(&hello, token), am_put_int(&hello, s->state != NULL);
    am_put_text(&hello, s->name), am_put_text(&hello, s->phases ? s->phases : ""), am_put_text(&hello, s->ports);
    for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL, s->count++) {
        char way[4] = "";
        if (s->count == AM_PORTS || sscanf(line, "%3s %63s", way, s->names[s->count]) != 2) am_die("too many ports, or a line that is none: ", line);
        s->is_in[s->count] = way[0] == 'i';
        am_put_int(&hello, 0);          /* Where the points lie is left to the experiment. */
    }
    am_send(s, AM_HELLO, hello.data, hello.size), free(hello.data);
}

/* Joins the run that started this process and serves it to its end. Returns the exit code. */
static inline int am_run(am_solver *s) {
    uint32_t size, room = 0;
    for (char *frame = (am_join(s), NULL); recv(s->link, &size, 4, MSG_WAITALL) == 4;) {
        if (size > room && !(frame = realloc(frame, room = size))) am_die("out of memory", "");
        if (recv(s->link, frame, size, MSG_WAITALL) != (ssize_t)size || frame[0] == AM_SHUT_DOWN) break;
        if (frame[0] == AM_ERROR) am_die("turned away: ", size > 5 ? (frame = realloc(frame, size + 1), frame[size] = 0, frame + 5) : "");
        am_bytes reply = {0};
        if (frame[0] == AM_INITIALIZE || frame[0] == AM_ADVANCE) {
            if (frame[0] == AM_ADVANCE) {
                char *at = frame + 45;
                memcpy(&s->start_tick, frame + 1, 8), memcpy(&s->end_tick, frame + 9, 8), memcpy(&s->tick, frame + 17, 8);
                memcpy(&s->start, frame + 25, 8), memcpy(&s->end, frame + 33, 8), memcpy(&s->phase, frame + 41, 4);
                for (int i = 0; i < s->count; i++) if (s->is_in[i]) {
                    int32_t samples, n;
                    memcpy(&samples, (s->waveform[i] = at) + 8, 4);
                    for (at += 12; samples > 0; samples--) memcpy(&n, at + 8, 4), at += 12 + 8 * (size_t)n;
                }
            }
            (frame[0] == AM_ADVANCE ? s->advance : s->initialize)(s);
            for (int i = 0; i < s->count; i++) if (!s->is_in[i]) s->out[i].size ? am_put(&reply, s->out[i].data, s->out[i].size) : am_put_int(&reply, 0), s->out[i].size = 0;
            if (!s->error) am_send(s, AM_SAMPLES, reply.data, reply.size);
        } else if (frame[0] == AM_SAVE) am_send(s, AM_STATE, s->state, s->state_size);
        else if (frame[0] == AM_RESTORE && size - 1 != s->state_size) s->error = "the state to restore has another size than this program's";
        else if (frame[0] == AM_RESTORE) memcpy(s->state, frame + 1, s->state_size), am_send(s, AM_DONE, NULL, 0);
        if (s->error) reply.size = 0, am_put_text(&reply, s->error), am_send(s, AM_ERROR, reply.data, reply.size), s->error = NULL;
        free(reply.data);
    }
    return 0;
}
#endif
