/* GFLOP/s of one core in fused multiply-adds between registers: 12 independent chains hide the latency of
   4 or 5 cycles of two units. Two operations per lane count. Prints the best of six turns by CPU time. */
#include <stdio.h>
#include <time.h>

/* Bytes of a register: wider vectors would be halved, and 24 chains do not fit into 16 registers. */
#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif

typedef float Vector __attribute__((vector_size(WIDTH)));

#define CHAINS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(void) {
    const long turns = 10000000;
    Vector shrink = {0}, step = {0}, sum = {0};
    double best = 0;
    shrink += 0.999f;
    step += 0.001f;
#define DECLARE(n) Vector chain##n = {n};
#define ADVANCE(n) chain##n = chain##n * shrink + step;
#define ADD(n) sum += chain##n;
    CHAINS(DECLARE)
    for (int repeat = 0; repeat < 6; repeat++) {
        double began = seconds();
        for (long turn = 0; turn < turns; turn++) { CHAINS(ADVANCE) }
        double rate = turns * 12 * (WIDTH / sizeof(float)) * 2.0 / (seconds() - began) / 1e9;
        if (rate > best) best = rate;
    }
    CHAINS(ADD)
    fprintf(stderr, "%f\n", sum[0]); /* so that no chain is left out */
    printf("%.1f\n", best);
    return 0;
}
