/* What the yardsticks share: the time that they take, and the numbers that they are given. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static inline double *numbers(const char *path, size_t count) {
    double *values = malloc(count * sizeof(double));
    FILE *file = fopen(path, "rb");
    if (!file || fread(values, sizeof(double), count, file) != count) {
        fprintf(stderr, "error: %s: not %zu doubles\n", path, count);
        exit(1);
    }
    fclose(file);
    return values;
}
