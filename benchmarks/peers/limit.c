/* The limit: the two workloads and nothing else, with the algorithm, the draws and the formulas of the compiled engine.
 *
 * Draws are Philox 4x32-10 blocks named by (seed, customer, stage, purpose, visit, draw). Every customer is followed alone; with a
 * desk, alone until the next request (look-ahead), so that only requests, ends of patience and ends of service enter the heap.
 * Built with -ffp-contract=off, as the compiled engine is built without fused operations: the logs agree.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARRIVING = 1, STAYING = 2, SERVICE = 5 }; /* purposes of draws, as in sim/streams.py */
enum { MAX_STAGES = 8, MAX_EXITS = 3 };
enum { ENTERS, GIVES_UP, IS_SERVED, EVENTS = 8 }; /* a customer's event numbers: 8 a stay */

typedef struct {
    double first, sigma;             /* mean; or log median and sigma, where sigma > 0 */
    double weight[MAX_EXITS];        /* log probabilities */
    double odds, slowness[MAX_EXITS]; /* exp(weight[1] - weight[0]); exp(-weight) */
    int64_t exits, to[MAX_EXITS];
} Stage;

typedef struct {
    double horizon, until_day, expected; /* expected arrivals by until_day */
    int64_t stages, start;
    Stage stage[MAX_STAGES];
    int64_t desk_stage, agents;      /* desk_stage -1: no desk */
    double silent, handle, patience, per_day_waited; /* odds of not asking, mean days, mean days, log-odds of the first exit */
} Model;

typedef struct {
    int64_t *customer, *sequence;
    int16_t *stage;
    double *time;
    int64_t rows, room;
} Log;

typedef struct { double first, second; } Pair;

typedef struct {
    int64_t customer, sequence;
    double now, waited;              /* now: at the desk, the time of the request */
    int64_t queued;                  /* event number of giving up while in line, else 0 */
    uint32_t visits[MAX_STAGES];
} Life;

typedef struct { double time; int64_t customer, number; int32_t life; } Event;

typedef struct {
    const Model *model;
    uint32_t seed;
    Log *log;
    Event *heap; int64_t due, heap_room;
    Life *lives; int64_t lives_used, lives_room;
    int32_t *spare; int64_t spares;  /* lives that are free again */
    Event *line; int64_t head, tail, line_room; /* requests in the order of time and customer, which is the order of the heap */
    int64_t busy, waiting;
} Run;

static inline Pair pair(uint32_t seed, int64_t customer, uint32_t stage, uint32_t purpose, uint32_t visit, uint32_t draw) {
    uint32_t c0 = (uint32_t)customer, c1 = (uint32_t)((uint64_t)customer >> 32);
    uint32_t c2 = stage | purpose << 12 | draw << 17, c3 = visit, k0 = seed, k1 = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c0 * 0xD2511F53u, p1 = (uint64_t)c2 * 0xCD9E8D57u;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0; c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1; c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    uint64_t a = ((uint64_t)c0 << 32 | c1) >> 12, b = ((uint64_t)c2 << 32 | c3) >> 12;
    return (Pair){((double)(int64_t)a + 0.5) * 0x1p-52, ((double)(int64_t)b + 0.5) * 0x1p-52};
}

/* Wichura 1988, AS 241, in the order of scenarios/laws.py */
static inline double normal_quantile(double share) {
    double q = share - 0.5, r, top, low;
    if (fabs(q) <= 0.425) {
        r = 0.180625 - q * q;
        top = (((((((r * 2509.0809287301226727 + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608);
        low = (((((((r * 5226.495278852545925 + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0);
        return q * top / low;
    }
    r = sqrt(-log(q < 0.0 ? share : 1.0 - share));
    if (r <= 5.0) {
        r -= 1.6;
        top = (((((((r * 7.7454501427834140764e-4 + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734);
        low = (((((((r * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0);
    } else {
        r -= 5.0;
        top = (((((((r * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772);
        low = (((((((r * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0);
    }
    return q < 0.0 ? -top / low : top / low;
}

/* Memory in pages of the usual size, as for the large columns of the compiled engine (sim/memory.py). */
static void *memory(size_t bytes) {
    void *got = malloc(bytes ? bytes : 1);
    if (!got) abort();
    return got;
}

static void *larger(void *old, size_t bytes, size_t wanted) {
    char *got = memory(wanted);
    memcpy(got, old, bytes);
    free(old);
    return got;
}

static void more_rows(Log *log) {
    int64_t room = log->room, twice = 2 * room;
    log->customer = larger(log->customer, room * 8, twice * 8);
    log->sequence = larger(log->sequence, room * 8, twice * 8);
    log->stage = larger(log->stage, room * 2, twice * 2);
    log->time = larger(log->time, room * 8, twice * 8);
    log->room = twice;
}

static inline int before(const Event *a, const Event *b) {
    if (a->time != b->time) return a->time < b->time;
    if (a->customer != b->customer) return a->customer < b->customer;
    return a->number < b->number;
}

static void push(Run *run, double time, int64_t customer, int64_t number, int32_t life) {
    if (time > run->model->horizon) return;
    if (run->due == run->heap_room) {
        run->heap = larger(run->heap, run->heap_room * sizeof(Event), 2 * run->heap_room * sizeof(Event));
        run->heap_room *= 2;
    }
    Event event = {time, customer, number, life};
    int64_t at = run->due++;
    while (at > 0 && before(&event, &run->heap[(at - 1) / 2])) {
        run->heap[at] = run->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    run->heap[at] = event;
}

static Event pop(Run *run) {
    Event first = run->heap[0], last = run->heap[--run->due];
    int64_t at = 0, child;
    while ((child = 2 * at + 1) < run->due) {
        if (child + 1 < run->due && before(&run->heap[child + 1], &run->heap[child])) child++;
        if (!before(&run->heap[child], &last)) break;
        run->heap[at] = run->heap[child];
        at = child;
    }
    run->heap[at] = last;
    return first;
}

/* The dwell starts: leaves the stage and says when and for where. */
static inline double depart(const Model *model, uint32_t seed, const Life *life, int64_t stage, double waited, int64_t *to) {
    const Stage *here = &model->stage[stage];
    uint32_t visit = life->visits[stage];
    Pair draws = pair(seed, life->customer, stage, STAYING, visit, 0);
    int64_t chosen = 0;
    if (here->exits == 2) {
        double odds = here->odds;
        if (waited > 0.0) odds = exp(here->weight[1] - (here->weight[0] + model->per_day_waited * waited));
        if (draws.first * (1.0 + odds) >= 1.0) chosen = 1;
    } else if (here->exits == 3) { /* the smallest E / w wins; draws 2 to 4 */
        Pair two = pair(seed, life->customer, stage, STAYING, visit, 1);
        Pair more = pair(seed, life->customer, stage, STAYING, visit, 2);
        double u[3] = {two.first, two.second, more.first}, least = INFINITY;
        for (int k = 0; k < 3; k++) {
            double race = -log(u[k]) * here->slowness[k];
            if (race < least) { least = race; chosen = k; }
        }
    }
    *to = here->to[chosen];
    if (here->sigma > 0.0) return exp(here->first - here->sigma * normal_quantile(draws.second));
    return -here->first * log(draws.second);
}

/* Follow a customer, whose wait is over if `waited` >= 0, to the end or to the next request at the desk; whether there is one. */
static inline int follow(const Model *model, uint32_t seed, Log *log, Life *life, int64_t stage, double waited) {
    while (1) {
        if (waited < 0.0) {
            if (log->rows == log->room) more_rows(log);
            int64_t row = log->rows++;
            log->customer[row] = life->customer;
            log->sequence[row] = life->sequence++;
            log->stage[row] = (int16_t)stage;
            log->time[row] = life->now;
            if (model->stage[stage].exits == 0) return 0;
            life->visits[stage]++;
            if (stage == model->desk_stage) {
                double asks = pair(seed, life->customer, stage, SERVICE, life->visits[stage], 0).first;
                if (asks * (1.0 + model->silent) < 1.0) return 1;
            }
            waited = 0.0;
        }
        int64_t to;
        double delay = depart(model, seed, life, stage, waited, &to);
        life->now += delay;
        if (!(life->now <= model->horizon)) return 0;
        stage = to;
        waited = -1.0;
    }
}

static void serve(Run *run, int32_t which, double now) {
    Life *life = &run->lives[which];
    int64_t stage = run->model->desk_stage;
    double left = pair(run->seed, life->customer, stage, SERVICE, life->visits[stage], 1).first;
    life->queued = 0;
    run->busy++;
    life->waited = now - life->now;
    push(run, now - run->model->handle * log(left), life->customer, EVENTS * (life->sequence - 1) + IS_SERVED, which);
}

static void follow_on(Run *run, int32_t which, double now, double waited) {
    Life *life = &run->lives[which];
    life->now = now;
    if (follow(run->model, run->seed, run->log, life, run->model->desk_stage, waited))
        push(run, life->now, life->customer, EVENTS * (life->sequence - 1) + ENTERS, which);
    else
        run->spare[run->spares++] = which;
}

static void request(Run *run, int32_t which, const Event *event) {
    Life *life = &run->lives[which];
    if (run->waiting == 0 && run->busy < run->model->agents) { serve(run, which, event->time); return; }
    int64_t stage = run->model->desk_stage;
    double left = pair(run->seed, life->customer, stage, SERVICE, life->visits[stage], 1).second;
    life->queued = EVENTS * (life->sequence - 1) + GIVES_UP;
    run->waiting++;
    if (run->tail - run->head == run->line_room) { /* a ring, doubled and laid out anew */
        Event *wider = memory(2 * run->line_room * sizeof(Event));
        for (int64_t k = run->head; k < run->tail; k++) wider[k - run->head] = run->line[k % run->line_room];
        free(run->line);
        run->line = wider; run->tail -= run->head; run->head = 0; run->line_room *= 2;
    }
    run->line[run->tail++ % run->line_room] = (Event){event->time, life->customer, life->queued, which};
    push(run, event->time - run->model->patience * log(left), life->customer, life->queued, which);
}

static void happen(Run *run) {
    Event event = pop(run);
    Life *life = &run->lives[event.life];
    int64_t kind = event.number % EVENTS;
    if (kind == ENTERS) {
        request(run, event.life, &event);
    } else if (kind == IS_SERVED) {
        run->busy--;
        while (run->waiting > 0 && run->busy < run->model->agents) {
            Event next = run->line[run->head++ % run->line_room];
            Life *caller = &run->lives[next.life];
            if (caller->customer != next.customer || caller->queued != next.number) continue; /* gave up */
            run->waiting--;
            serve(run, next.life, event.time);
        }
        follow_on(run, event.life, event.time, life->waited);
    } else if (life->customer == event.customer && life->queued == event.number) { /* gives up, if still in line */
        life->queued = 0;
        run->waiting--;
        follow_on(run, event.life, event.time, event.time - life->now);
    }
}

static void compete(Run *run, int64_t customers, const double *days) {
    for (int64_t n = 0; n < customers; n++) {
        while (run->due > 0 && run->heap[0].time < days[n]) happen(run); /* keeps the heap small */
        Life life = {.customer = n, .now = days[n]};
        if (follow(run->model, run->seed, run->log, &life, run->model->start, -1.0)) {
            int32_t which;
            if (run->spares > 0) which = run->spare[--run->spares];
            else {
                if (run->lives_used == run->lives_room) {
                    int64_t room = run->lives_room;
                    run->lives = larger(run->lives, room * sizeof(Life), 2 * room * sizeof(Life));
                    run->spare = larger(run->spare, room * sizeof(int32_t), 2 * room * sizeof(int32_t));
                    run->lives_room *= 2;
                }
                which = (int32_t)run->lives_used++;
            }
            run->lives[which] = life;
            push(run, life.now, n, EVENTS * (life.sequence - 1) + ENTERS, which);
        }
    }
    while (run->due > 0) happen(run);
}

/* One replication; the log's arrays are the caller's, to be freed with `release`. */
void simulate(const Model *model, uint32_t seed, int64_t customers, Log *entries) {
    double *days = memory(customers * sizeof(double)), gaps = 0.0;
    for (int64_t n = 0; n <= customers; n++) { /* sorted uniforms from spacings */
        gaps -= log(pair(seed, n, 0, ARRIVING, 0, 0).first);
        if (n < customers) days[n] = gaps;
    }
    double scale = model->expected / gaps;
    for (int64_t n = 0; n < customers; n++) days[n] = days[n] * scale / model->expected * model->until_day;

    entries->rows = 0;
    entries->room = 3 * customers + 64;
    entries->customer = memory(entries->room * 8);
    entries->sequence = memory(entries->room * 8);
    entries->stage = memory(entries->room * 2);
    entries->time = memory(entries->room * 8);
    if (model->desk_stage < 0) {
        for (int64_t n = 0; n < customers; n++) {
            Life life = {.customer = n, .now = days[n]};
            follow(model, seed, entries, &life, model->start, -1.0);
        }
    } else {
        enum { ROOM = 1024 };
        Run run = {.model = model, .seed = seed, .log = entries, .heap_room = ROOM, .lives_room = ROOM, .line_room = ROOM};
        run.heap = memory(ROOM * sizeof(Event));
        run.lives = memory(ROOM * sizeof(Life));
        run.spare = memory(ROOM * sizeof(int32_t));
        run.line = memory(ROOM * sizeof(Event));
        compete(&run, customers, days);
        free(run.heap); free(run.lives); free(run.spare); free(run.line);
    }
    free(days);
}

void release(Log *entries) {
    free(entries->customer); free(entries->sequence); free(entries->stage); free(entries->time);
}
