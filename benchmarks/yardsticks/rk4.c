/* The yardstick: the excitatory-inhibitory network by RK4 in hand-blocked C, coupling at every stage.
 *
 *   cc -O3 -march=native -ffast-math -DREAL=double -DREGIONS=90 -DROWS=18 rk4.c -o rk4 -lm
 *   ./rk4 W.bin START.bin DT_MS STEPS [END.bin]
 *
 * One 64-byte vector holds 8 (double) or 16 (float) parameter points.  W.bin: REGIONS x REGIONS doubles, W[i][j] what i
 * receives from j; START.bin: 6 x REGIONS doubles, the start of every point.  Prints CPU seconds for all points.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measured.h"

#ifndef REAL
#define REAL double
#endif
#ifndef REGIONS
#define REGIONS 90
#endif
#ifndef ROWS
#define ROWS 18
#endif
#define BLOCKS ((REGIONS + ROWS - 1) / ROWS)
#define PADDED (BLOCKS * ROWS)
#define STATES 6
typedef REAL lane __attribute__((vector_size(64), aligned(64)));
#define LANES ((int)(64 / sizeof(REAL)))

enum { R_E, V_E, S_E, R_I, V_I, S_I };

static REAL *W_packed; /* [block][column][row] */
static lane I_e, I_i, gain;
static const double tau = 8, tau_se = 1, tau_si = 5, eta = -5, Delta = 1, J_ee = 5, J_ei = 13, J_ie = 13, J_ii = 5;

static inline __attribute__((always_inline)) void block_product(const REAL *restrict w, const lane *restrict s,
                                                                 lane *restrict out) {
    lane sum[ROWS];
#pragma GCC unroll 32
    for (int m = 0; m < ROWS; m++) sum[m] = (lane){0};
#pragma GCC unroll 1
    for (int j = 0; j < REGIONS; j++) {
        lane x = s[j];
#pragma GCC unroll 32
        for (int m = 0; m < ROWS; m++) sum[m] += w[j * ROWS + m] * x;
    }
#pragma GCC unroll 32
    for (int m = 0; m < ROWS; m++) out[m] = sum[m];
}

/* One stage: slopes at `at`; `next` and the running sum `total` move from `start`.  `stage` is known when compiling. */
static inline __attribute__((always_inline)) void run_stage(int stage, double dt, const lane *start, const lane *at,
                                                             lane *next, lane *total) {
    const REAL rate = 1 / tau, spread = Delta / (tau * tau * M_PI), quench = M_PI * M_PI * tau;
    const REAL step = stage == 2 ? dt : 0.5 * dt, weight = (stage == 0 || stage == 3) ? dt / 6 : dt / 3;
    const REAL d_e = 1 / tau_se, d_i = 1 / tau_si, ee = J_ee, ei = J_ei, ie = J_ie, ii = J_ii;
    const lane in_e = (I_e + (REAL)eta) * rate, in_i = (I_i + (REAL)eta) * rate;
    for (int block = 0; block < BLOCKS; block++) {
        lane product[ROWS], k[STATES];
        block_product(W_packed + (size_t)block * REGIONS * ROWS, at + S_E * PADDED, product);
        for (int m = 0; m < ROWS; m++) {
            const int i = block * ROWS + m;
            lane x[STATES], c = gain * product[m];
#pragma GCC unroll 6
            for (int v = 0; v < STATES; v++) x[v] = at[v * PADDED + i];
            k[R_E] = spread + 2 * rate * x[R_E] * x[V_E];
            k[R_I] = spread + 2 * rate * x[R_I] * x[V_I];
            k[V_E] = rate * (x[V_E] * x[V_E]) + in_e - quench * (x[R_E] * x[R_E]) + ee * x[S_E] + c - ei * x[S_I];
            k[V_I] = rate * (x[V_I] * x[V_I]) + in_i - quench * (x[R_I] * x[R_I]) + ie * x[S_E] + c - ii * x[S_I];
            k[S_E] = (x[R_E] - x[S_E]) * d_e;
            k[S_I] = (x[R_I] - x[S_I]) * d_i;
#pragma GCC unroll 6
            for (int v = 0; v < STATES; v++) {
                const size_t o = v * PADDED + i;
                if (stage == 0) total[o] = start[o] + weight * k[v], next[o] = start[o] + step * k[v];
                else if (stage < 3) total[o] += weight * k[v], next[o] = start[o] + step * k[v];
                else next[o] = total[o] + weight * k[v];
            }
        }
    }
}

static void __attribute__((noinline)) one_step(double dt, lane *x, lane *a, lane *b, lane *total) {
    run_stage(0, dt, x, x, a, total);
    run_stage(1, dt, x, a, b, total);
    run_stage(2, dt, x, b, a, total);
    run_stage(3, dt, x, a, x, total);
}

static void *zeros(size_t bytes) {
    void *memory;
    if (posix_memalign(&memory, 4096, bytes)) exit(1);
    return memset(memory, 0, bytes);
}

int main(int count, char **arguments) {
    if (count < 5) return fprintf(stderr, "usage: rk4 W.bin START.bin DT_MS STEPS [END.bin]\n"), 1;
    const double *W = numbers(arguments[1], REGIONS * REGIONS), *start = numbers(arguments[2], STATES * REGIONS);
    const double dt = atof(arguments[3]);
    const long steps = atol(arguments[4]);
    W_packed = zeros(sizeof(REAL) * BLOCKS * REGIONS * ROWS);
    for (int i = 0; i < REGIONS; i++)
        for (int j = 0; j < REGIONS; j++) W_packed[((size_t)(i / ROWS) * REGIONS + j) * ROWS + i % ROWS] = W[i * REGIONS + j];
    for (int l = 0; l < LANES; l++) I_e[l] = 15 - 0.02 * l, I_i[l] = 0, gain[l] = 5 + 0.02 * l;
    const size_t size = (size_t)STATES * PADDED + 5; /* staggered: no two arrays share their addresses modulo 4096 */
    lane *x = zeros(4 * size * sizeof(lane)), *a = x + size, *b = a + size, *total = b + size;
    for (int v = 0; v < STATES; v++)
        for (int i = 0; i < REGIONS; i++)
            for (int l = 0; l < LANES; l++) x[v * PADDED + i][l] = start[v * REGIONS + i];
    double begin = cpu_seconds();
    for (long n = 0; n < steps; n++) one_step(dt, x, a, b, total);
    printf("%.9g\n", cpu_seconds() - begin);
    if (count > 5) {
        FILE *file = fopen(arguments[5], "wb");
        for (int v = 0; v < STATES; v++)
            for (int i = 0; i < REGIONS; i++) {
                double value = x[v * PADDED + i][0];
                fwrite(&value, sizeof(double), 1, file);
            }
        fclose(file);
    }
    return 0;
}
