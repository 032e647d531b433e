/* The exact flow of QIF populations in C, as method `riccati` has it: what the compiler makes of it without the engine.
 *
 *   cc -O3 -march=native -ffast-math -DREGIONS=90 -DROWS=18 riccati.c -o riccati -lm
 *   ./riccati W.bin START.bin DT_MS STEPS [END.bin]
 *
 * Files and points are those of rk4.c; doubles only.  Formulae: docs/methods.md.  Without short steps at the start,
 * without a watch, noise and stimuli.  Prints CPU seconds for all points.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measured.h"

#ifndef REGIONS
#define REGIONS 90
#endif
#ifndef ROWS
#define ROWS 18
#endif
#define BLOCKS ((REGIONS + ROWS - 1) / ROWS)
#define PADDED (BLOCKS * ROWS)
#define PAST 8
#define LANES 8
#define INLINE static inline __attribute__((always_inline))
typedef double lane __attribute__((vector_size(64), aligned(64)));
typedef long long mask __attribute__((vector_size(64), aligned(64)));

enum { E, I };
typedef struct { lane r[2], v[2], s[2]; } Region;
typedef struct { lane ahead, re[2], im[2], m[2], y[2], end[2], a[2], b[2], c[2]; } Kept;

static const double tau = 8, tau_s[2] = {1, 5}, eta = -5, Delta = 1, J[2][2] = {{5, -13}, {13, -5}};
static double *W_packed, h, ahead_of[4][PAST], corrected[3];
static lane current[2], gain, past[PAST][PADDED], sent[PADDED], at_end[PADDED], moment[3][PADDED], guess[3][PADDED];
static Region state[PADDED];
static Kept kept[PADDED];
static int newest, filled;

INLINE lane pick(mask where, lane yes, lane no) { return (lane)(((mask)yes & where) | ((mask)no & ~where)); }
INLINE lane size_of(lane x) { return pick(x < 0, -x, x); }

/* half the logarithm of x > 0: exponent, and (m - 1) / (m + 1) for the rest m between sqrt(1/2) and sqrt(2) */
INLINE lane half_log(lane x) {
    const long long lowest = 0x3FE6A09E667F3BCD;
    mask bits = (mask)x, exponent = (bits - lowest) >> 52;
    lane m = (lane)(bits - (exponent << 52)), t = (m - 1) / (m + 1), u = t * t;
    lane p = 0.0831090857542855 * u + 0.09070096901554592;
    p = p * u + 0.11111431140049681;
    p = p * u + 0.14285712069162146;
    p = p * u + 0.20000000005603252;
    p = p * u + 0.3333333333333104;
    return __builtin_convertvector(exponent, lane) * (0.5 * M_LN2) + t + t * u * p;
}

/* angle of x + i y, y >= 0 */
INLINE lane angle(lane x, lane y) {
    lane a = size_of(x);
    mask steep = a < y;
    lane low = pick(steep, a, y), high = pick(steep, y, a);
    mask wide = high * (M_SQRT2 - 1) < low;
    lane q = pick(wide, low - high, low) / pick(wide, low + high, high), u = q * q;
    lane p = -0.02723288395358527 * u + 0.05168834927568634;
    p = p * u - 0.06550907304894063;
    p = p * u + 0.07681045202292641;
    p = p * u - 0.09090255952647672;
    p = p * u + 0.11111089649208761;
    p = p * u - 0.14285713930378505;
    p = p * u + 0.19999999997724885;
    p = p * u - 0.3333333333333093;
    lane turned = q + q * u * p;
    turned = pick(wide, turned + M_PI_4, turned);
    turned = pick(steep, M_PI_2 - turned, turned);
    return pick(x < 0, M_PI - turned, turned);
}

INLINE void denominator(double i, lane p, lane b, lane c, lane *t, lane *u) {
    *t = 1 - 2. / 15 * i * i + c + b * (38. / 35 * b - 1) +
         p * (1. / 3 - 17. / 105 * i * i - 11. / 15 * b + 3. / 7 * c +
              p * (2. / 15 - 3. / 7 * b + p * (17. / 315 + 62. / 2835 * p)));
    *u = i * (1. / 3 - 11. / 15 * b + p * (4. / 15 + p * (17. / 105 + 248. / 2835 * p)));
}

INLINE lane rest_of_angle(double i, lane p, lane b) { return i * (0.4 * b - 0.5 - p * (1. / 6 + p / 15)); }

/* J_0, J_1, J_2 and the angle of 1 + m + i y */
INLINE void moments(double i, lane p, lane b, lane c, lane t, lane u, lane m, lane y, lane *j, lane *turn) {
    lane square = m * m + y * y, one = 1 + m, re[6], im[6];
    lane f = y / square, g = m / square, log = half_log(one * one + y * y);
    *turn = angle(one, y);
    re[1] = 1 - g * log - f * *turn, im[1] = f * log - g * *turn;
#pragma GCC unroll 4
    for (int n = 2; n < 6; n++) re[n] = 1. / n - g * re[n - 1] - f * im[n - 1], im[n] = f * re[n - 1] - g * im[n - 1];
    mask small = square < 4e-6;
#pragma GCC unroll 5
    for (int n = 1; n < 6; n++) { /* m / (n + 1) - m^2 / (n + 2) + m^3 / (n + 3) */
        lane q = m * m - y * y, z = 2 * m * y;
        re[n] = pick(small, m / (n + 1) - q / (n + 2) + (m * q - y * z) / (n + 3), re[n]);
        im[n] = pick(small, y / (n + 1) - z / (n + 2) + (m * z + y * q) / (n + 3), im[n]);
    }
    lane second = (p * p - i * i) / 5, cross = 0.4 * p * i;
    j[0] = *turn - im[1] * t - re[1] * u + im[3] * (p / 3 + 5. / 3 * second - 2 * b + 10 * c) +
           re[3] * (i / 3 + 5. / 3 * cross) + im[4] * (b - 15 * c) + im[5] * (6 * c - second) - re[5] * cross -
           i * (p / 30 + 1. / 6);
    j[1] = 0.5 * (im[1] - im[2]) + p / 6 * (im[1] - im[3] - 2 * (im[2] - im[4])) +
           b * (im[2] + im[3] + im[5] - 0.5 * im[1] - 2.5 * im[4]) +
           i * ((re[1] - re[3] - 2 * (re[2] - re[4])) / 6 - (p / 90 + 1. / 24));
    j[2] = 0.5 * im[2] - im[1] / 6 - im[3] / 3 + p * ((im[2] - im[4] + im[5]) / 3 - im[1] / 18 - 5. / 18 * im[3]) +
           i * ((re[2] - re[4] + re[5]) / 3 - re[1] / 18 - 5. / 18 * re[3] - 1. / 360);
}

/* A, or one of its moments, from those of the synapses and of the coupling */
INLINE lane input(int k, const lane *s, lane coupling) {
    return h * h / tau * (J[k][E] * s[E] + J[k][I] * s[I] + coupling);
}

static void __attribute__((noinline)) before_the_product(void) {
    const double unit = h * h / (tau * tau), i = -unit * Delta;
    for (int n = 0; n < REGIONS; n++) {
        Region *x = &state[n];
        Kept *left = &kept[n];
        lane now = past[newest][n], c[3], m[3][2], j[3];
        if (filled >= PAST) {
            lane sums[4] = {{0}};
#pragma GCC unroll 8
            for (int k = 0; k < PAST; k++)
#pragma GCC unroll 4
                for (int row = 0; row < 4; row++) sums[row] += ahead_of[row][k] * past[(newest + PAST - k) % PAST][n];
            c[0] = sums[0], c[1] = sums[1], c[2] = sums[2], left->ahead = sums[3];
        } else {
            c[0] = guess[0][n], c[1] = guess[1][n], c[2] = guess[2][n], left->ahead = now;
        }
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            double lag = h / tau_s[k];
            lane re = -h / tau * x->v[k], im = M_PI * h * x->r[k], r = x->r[k], s = x->s[k];
            lane slope = h * Delta / (M_PI * tau * tau) - 2 * re * r;
            lane bend = -2 * ((im * im - re * re - unit * (eta + current[k]) - input(k, x->s, now)) * r + re * slope);
            lane d1 = lag * (r - s), d2 = lag * (slope - d1), d3 = lag * (bend - d2);
            left->re[k] = re, left->im[k] = im;
            m[0][k] = s + d1 / 2 + d2 / 6 + d3 / 24, m[1][k] = d1 / 12 + d2 / 24 + d3 / 80, m[2][k] = d2 / 360 + d3 / 720;
        }
        lane a[2], b[2], cc[2];
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++)
            a[k] = unit * (eta + current[k]) + input(k, m[0], c[0]), b[k] = input(k, m[1], c[1]), cc[k] = input(k, m[2], c[2]);
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            double lag = h / tau_s[k], strength = 1 / (M_PI * tau_s[k]), damping = 1 / (1 + lag * lag / 60);
            lane t, u, turn;
            denominator(i, a[k], b[k], cc[k], &t, &u);
            lane mm = left->re[k] * t - left->im[k] * u, y = left->re[k] * u + left->im[k] * t;
            moments(i, a[k], b[k], cc[k], t, u, mm, y, j, &turn);
            lane late = damping * strength * (j[1] + 0.5 * lag * j[2]);
            m[0][k] = (x->s[k] + strength * j[0] + lag * late) / (1 + 0.5 * lag + damping * lag * lag / 12);
            m[1][k] = late - damping * lag / 12 * m[0][k];
            m[2][k] = strength * j[2] - lag / 30 * m[1][k];
            left->m[k] = mm, left->y[k] = y, left->end[k] = x->s[k] - lag * m[0][k] + strength * turn;
            if (k == E) at_end[n] = left->end[k] + strength * rest_of_angle(i, a[k], b[k]);
        }
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            left->a[k] = unit * (eta + current[k]) + input(k, m[0], c[0]);
            left->b[k] = input(k, m[1], c[1]), left->c[k] = input(k, m[2], c[2]);
        }
        if (filled < PAST) moment[0][n] = m[0][E], moment[1][n] = m[1][E], moment[2][n] = m[2][E];
    }
}

INLINE void move(int n, lane missed) {
    const double unit = h * h / (tau * tau), i = -unit * Delta;
    Region *x = &state[n];
    const Kept *left = &kept[n];
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
        lane p = left->a[k] + h * h / tau * corrected[0] * missed, b = left->b[k] + h * h / tau * corrected[1] * missed;
        lane c = left->c[k] + h * h / tau * corrected[2] * missed, re = left->re[k], im = left->im[k], t, u;
        denominator(i, p, b, c, &t, &u);
        lane m = re * t - im * u, y = re * u + im * t, one = 1 + m, inverse = 1 / (one * one + y * y);
        lane f = one * inverse, g = y * inverse;
        lane q = 1 - 2. / 3 * i * i + b * (3.2 * b - 2) +
                 p * (1 - 17. / 15 * i * i - 2.8 * b +
                      p * (2. / 3 - 86. / 35 * b + p * (17. / 45 + p * (62. / 315 + 1382. / 14175 * p))));
        lane qi = i * (1 - 2.8 * b + p * (4. / 3 + p * (17. / 15 + 248. / 315 * p)));
        lane d = i * i / 3 - 1.2 * b * b +
                 p * (b + c + 0.4 * i * i - 1 +
                      p * (11. / 15 * b + 3. / 7 * c - 1. / 3 + p * (3. / 7 * b - 2. / 15 - p * (17. / 315 + 62. / 2835 * p))));
        lane di = i * (b + c + 2. / 15 * i * i - 1 + p * (22. / 15 * b - 2. / 3 - p * (0.4 + 68. / 315 * p)));
        lane zr = re * q - im * qi, zi = re * qi + im * q;
        lane em = m - left->m[k], ey = y - left->y[k], turned = ey * f - em * g + rest_of_angle(i, p, b);
        x->v[k] = -tau / h * (d + zr * f + zi * g);
        x->r[k] = (di + zi * f - zr * g) / (M_PI * h);
        x->s[k] = left->end[k] + turned / (M_PI * tau_s[k]);
    }
    sent[n] = x->s[E];
}

/* The product with the signal; `finish` moves the regions of every block, else gains times sums go to `out`. */
INLINE void product(int finish, const lane *signal, lane *out) {
    for (int block = 0; block < BLOCKS; block++) {
        const double *w = W_packed + (size_t)block * REGIONS * ROWS;
        lane sum[ROWS];
#pragma GCC unroll 32
        for (int m = 0; m < ROWS; m++) sum[m] = (lane){0};
#pragma GCC unroll 1
        for (int j = 0; j < REGIONS; j++) {
            lane x = signal[j];
#pragma GCC unroll 32
            for (int m = 0; m < ROWS; m++) sum[m] += w[j * ROWS + m] * x;
        }
        lane result[ROWS];
#pragma GCC unroll 32
        for (int m = 0; m < ROWS; m++) result[m] = sum[m];
        for (int m = 0; m < ROWS && block * ROWS + m < REGIONS; m++) {
            int n = block * ROWS + m;
            lane value = gain * result[m];
            out[n] = value;
            if (finish) move(n, value - kept[n].ahead);
        }
    }
}

static void __attribute__((noinline)) after_the_product(void) { product(1, at_end, past[(newest + 1) % PAST]); }
static void __attribute__((noinline)) plain_product(const lane *signal, lane *out) { product(0, signal, out); }

static void one_step(void) {
    if (filled >= PAST) {
        before_the_product();
        after_the_product();
    } else { /* no past: iterate the moments of the coupling */
        if (!filled) plain_product(sent, past[newest]), filled = 1;
        memcpy(guess[0], past[newest], sizeof guess[0]);
        memset(guess[1], 0, 2 * sizeof guess[1]);
        for (int k = 0; k < 5; k++) {
            before_the_product();
            for (int row = 0; row < 3; row++) plain_product(moment[row], guess[row]);
        }
        before_the_product();
        for (int n = 0; n < REGIONS; n++) move(n, (lane){0});
        plain_product(sent, past[(newest + 1) % PAST]);
        filled++;
    }
    newest = (newest + 1) % PAST;
}

/* weights of the past for the three moments of the coupling and its end, and what a miss at the end adds to the moments */
static void extrapolation(void) {
    for (int k = 0; k <= PAST; k++) { /* Lagrange's polynomial that is 1 at node k: at 0, -1, ..., -7, and at 1 last */
        double node = k < PAST ? -k : 1, p[PAST + 2] = {1};
        int degree = 0;
        for (int l = 0; l < PAST; l++) {
            if (l == k) continue;
            for (int d = ++degree; d >= 0; d--) p[d] = ((d ? p[d - 1] : 0) + l * p[d]) / (node + l);
        }
        double sums[4] = {0};
        for (int d = 0; d <= degree; d++) {
            double zero = 1. / (d + 1), one = 1. / (d + 2), two = 1. / (d + 3);
            sums[0] += p[d] * zero, sums[1] += p[d] * (one - zero / 2), sums[2] += p[d] * (two - one + zero / 6), sums[3] += p[d];
        }
        for (int row = 0; row < (k < PAST ? 4 : 3); row++) *(k < PAST ? &ahead_of[row][k] : &corrected[row]) = sums[row];
    }
}

int main(int count, char **arguments) {
    if (count < 5) return fprintf(stderr, "usage: riccati W.bin START.bin DT_MS STEPS [END.bin]\n"), 1;
    const double *W = numbers(arguments[1], REGIONS * REGIONS), *start = numbers(arguments[2], 6 * REGIONS);
    const long steps = atol(arguments[4]);
    h = atof(arguments[3]);
    extrapolation();
    if (posix_memalign((void **)&W_packed, 4096, sizeof(double) * BLOCKS * REGIONS * ROWS)) return 1;
    memset(W_packed, 0, sizeof(double) * BLOCKS * REGIONS * ROWS);
    for (int i = 0; i < REGIONS; i++)
        for (int j = 0; j < REGIONS; j++) W_packed[((size_t)(i / ROWS) * REGIONS + j) * ROWS + i % ROWS] = W[i * REGIONS + j];
    for (int l = 0; l < LANES; l++) current[E][l] = 15 - 0.02 * l, current[I][l] = 0, gain[l] = 5 + 0.02 * l;
    for (int n = 0; n < REGIONS; n++)
        for (int k = 0; k < 2; k++)
            for (int l = 0; l < LANES; l++) {
                state[n].r[k][l] = start[(3 * k) * REGIONS + n], state[n].v[k][l] = start[(3 * k + 1) * REGIONS + n];
                state[n].s[k][l] = start[(3 * k + 2) * REGIONS + n], sent[n] = state[n].s[E];
            }
    double begin = cpu_seconds();
    for (long n = 0; n < steps; n++) one_step();
    printf("%.9g\n", cpu_seconds() - begin);
    if (count > 5) {
        FILE *file = fopen(arguments[5], "wb");
        for (int v = 0; v < 6; v++)
            for (int n = 0; n < REGIONS; n++) {
                const lane *values[3] = {state[n].r, state[n].v, state[n].s};
                fwrite((const double *)&values[v % 3][v / 3], sizeof(double), 1, file);
            }
        fclose(file);
    }
    return 0;
}
