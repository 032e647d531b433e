/* The most fused multiply-adds per second that one core can do: independent accumulators in registers, no memory.
 *
 *   cc -O3 -march=native -DREAL=double peak.c -o peak && ./peak
 *
 * Prints GFLOP/s, a multiply-add counting as two, and how many of the processor's units for them that takes, if one
 * multiply-add waits four cycles for the one before, as on all current processors.  The vectors are as wide as the widest registers the compiler uses.
 */
#include <stdio.h>

#include "measured.h"

#ifndef REAL
#define REAL double
#endif
#if defined(__AVX512F__)
#define BYTES 64
#define ACCUMULATORS 20
#elif defined(__AVX__)
#define BYTES 32
#define ACCUMULATORS 12
#else
#define BYTES 16
#define ACCUMULATORS 12
#endif
typedef REAL lane __attribute__((vector_size(BYTES)));

int main(void) {
    const long repeats = 20000000;
    lane sum[ACCUMULATORS], factor, term;
    for (int k = 0; k < (int)(BYTES / sizeof(REAL)); k++) factor[k] = 0.9999, term[k] = 1e-5;
    for (int k = 0; k < ACCUMULATORS; k++) sum[k] = term * (REAL)k;
    double start = cpu_seconds();
    for (long n = 0; n < repeats; n++) {
#pragma GCC unroll 32
        for (int k = 0; k < ACCUMULATORS; k++) sum[k] = sum[k] * factor + term;
#if defined(__x86_64__)
#pragma GCC unroll 32
        for (int k = 0; k < ACCUMULATORS; k++) __asm__ volatile("" ::"v"(sum[k])); /* keeps every one of them */
#endif
    }
    double seconds = cpu_seconds() - start;
    lane chain = term;
    start = cpu_seconds();
    for (long n = 0; n < repeats; n++) {
        chain = chain * factor + term;
#if defined(__x86_64__)
        __asm__ volatile("" : "+v"(chain));
#endif
    }
    double cycle = (cpu_seconds() - start) / repeats / 4;
    volatile REAL used = chain[0];
    for (int k = 0; k < ACCUMULATORS; k++) used += sum[k][0];
    printf("%.3f %.2f\n", 2e-9 * repeats * ACCUMULATORS * (BYTES / sizeof(REAL)) / seconds,
           repeats * ACCUMULATORS / (seconds / cycle));
    return 0;
}
