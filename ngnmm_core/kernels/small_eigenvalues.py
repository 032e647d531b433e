"""Eigenvalues of many small real matrices, eight side by side: the QR algorithm with implicit double shifts.

Every lane has a matrix of its own with an active block and shifts of its own; where a lane has nothing to do it is
reflected by nothing, to the bit.  So what is found for a matrix does not depend on those beside it.  Matrices are
scaled first, where that makes their rows and columns more alike, and brought to Hessenberg form by reflections: the
eigenvalues are those of a matrix that differs by rounding, as with LAPACK.

Francis, Comput. J. 4, 332 (1962), doi:10.1093/comjnl/4.4.332; exceptional shifts and deflation as in Martin, Peters,
Wilkinson, Numer. Math. 14, 219 (1970), doi:10.1007/BF02163331.  Scaling: Parlett, Reinsch, Numer. Math. 13, 293 (1969),
doi:10.1007/BF02165404.
"""

from ngnmm_core.kernels.llvm import align_stack, kernel, lane_abs, lane_any, lane_select, lane_sqrt, load, store

EPSILON = 2.220446049250313e-16
TINY = 1e-280  # what is added to sizes that are divided by
SCALINGS = 3  # rounds over all rows and columns
UNLIKE = 4.0  # how much a scaling must gain on the squares of a row and a column
MOST_SWEEPS = 40  # per state
WORK = 6  # lanes: last and first row of the active blocks, sweeps without a deflation, the column a sweep begins with
EXCEPTIONAL = 10  # sweeps without a deflation, after which shifts of another kind are made


def make_small_eigenvalues(width):
    """Compiles (at the first call) `run(matrices, size, real, imaginary, missed, work)`.

    Flat arrays: `matrices` [group, row, column, lane], overwritten; `real`, `imaginary` [group, state, lane]; `missed`
    [group, lane] is 1 where eigenvalues were not found, else 0; `work` has `WORK` lanes.
    """
    scale, reduce = _make_scaling(width), _make_reduction(width)
    sweep, blocks, ends = _make_sweep(width), _make_blocks(width), _make_ends(width)

    @kernel
    def solve(matrix, size, work):
        scale(matrix, size)
        reduce(matrix, size)
        zero = load(matrix, 0) * 0.0
        store(work, 0, zero - 1.0)
        store(work, width, zero)
        store(work, 2 * width, zero)
        for _ in range(MOST_SWEEPS * size):
            if not blocks(matrix, size, work):
                break
            sweep(matrix, size, work)
        blocks(matrix, size, work)

    def run(matrices, size, real, imaginary, missed, work):
        align_stack()
        for group in range(missed.size // width):
            matrix, some = matrices[group * size * size * width :], group * size * width
            solve(matrix, size, work)
            ends(matrix, size, real[some:], imaginary[some:])
            last = load(work, 0)
            # -1 where all is done; overflow leaves no number behind, and no block either
            sound = lane_abs(load(real, some)) * 0.0 <= 0.0
            store(missed, group * width, lane_select(sound, lane_select(last > 0.0, 1.0, last * 0.0), 1.0))

    return kernel(nogil=True)(run)


def _make_scaling(width):
    @kernel
    def scale(matrix, size):
        for _ in range(SCALINGS):
            for k in range(size):
                row = load(matrix, 0) * 0.0
                column = row
                for j in range(size):
                    if j != k:
                        x, y = load(matrix, (k * size + j) * width), load(matrix, (j * size + k) * width)
                        row, column = row + x * x, column + y * y
                usable = lane_select(row > TINY, column, 0.0)
                ratio = lane_select(usable > TINY, row / (column + TINY), 1.0)
                factor = lane_sqrt(lane_sqrt(ratio))
                factor = lane_select(ratio > UNLIKE, factor, lane_select(ratio < 1.0 / UNLIKE, factor, 1.0))
                inverse = 1.0 / factor
                for j in range(size):
                    if j != k:
                        at, there = (k * size + j) * width, (j * size + k) * width
                        store(matrix, at, load(matrix, at) * inverse)
                        store(matrix, there, load(matrix, there) * factor)

    return scale


def _make_reduction(width):
    @kernel
    def reduce(matrix, size):
        """Bring matrices to Hessenberg form; the vector of a reflection stands where it makes zeros."""
        for k in range(size - 2):
            largest = load(matrix, 0) * 0.0
            for i in range(k + 1, size):
                x = lane_abs(load(matrix, (i * size + k) * width))
                largest = lane_select(x > largest, x, largest)
            unit = 1.0 / (largest + TINY)
            rest = largest * 0.0
            for i in range(k + 2, size):
                x = load(matrix, (i * size + k) * width) * unit
                rest = rest + x * x
            first = load(matrix, ((k + 1) * size + k) * width) * unit
            length = lane_sqrt(first * first + rest)
            length = lane_select(first < 0.0, -length, length)
            # nothing below the subdiagonal: no reflection
            flat = rest <= 0.0
            lead = first + length
            weight = lane_select(flat, 0.0, lead / lane_select(flat, 1.0, length))
            inverse = lane_select(flat, 0.0, unit / lane_select(flat, 1.0, lead))
            old = load(matrix, ((k + 1) * size + k) * width)
            store(matrix, ((k + 1) * size + k) * width, lane_select(flat, old, -length * largest))
            for i in range(k + 2, size):
                at = (i * size + k) * width
                store(matrix, at, load(matrix, at) * inverse)
            for j in range(k + 1, size):
                total = load(matrix, ((k + 1) * size + j) * width)
                for i in range(k + 2, size):
                    total = total + load(matrix, (i * size + k) * width) * load(matrix, (i * size + j) * width)
                total = total * weight
                at = ((k + 1) * size + j) * width
                store(matrix, at, load(matrix, at) - total)
                for i in range(k + 2, size):
                    at = (i * size + j) * width
                    store(matrix, at, load(matrix, at) - total * load(matrix, (i * size + k) * width))
            for j in range(size):
                total = load(matrix, (j * size + k + 1) * width)
                for i in range(k + 2, size):
                    total = total + load(matrix, (i * size + k) * width) * load(matrix, (j * size + i) * width)
                total = total * weight
                at = (j * size + k + 1) * width
                store(matrix, at, load(matrix, at) - total)
                for i in range(k + 2, size):
                    at = (j * size + i) * width
                    store(matrix, at, load(matrix, at) - total * load(matrix, (i * size + k) * width))
            for i in range(k + 2, size):
                store(matrix, (i * size + k) * width, largest * 0.0)

    return reduce


def _make_blocks(width):
    last_at, first_at, count_at = 0, width, 2 * width

    @kernel
    def blocks(matrix, size, work):
        """Deflate; find the last row and the first one of every lane's active block; tell whether any has one.

        A block of two rows needs no sweep.  The last row of a lane that has finished is -1.
        """
        zero = load(matrix, 0) * 0.0
        one = zero + 1.0
        for i in range(1, size):
            at = (i * size + i - 1) * width
            below = load(matrix, at)
            near = lane_abs(load(matrix, ((i - 1) * size + i - 1) * width)) + lane_abs(
                load(matrix, (i * size + i) * width)
            )
            store(matrix, at, lane_select(lane_abs(below) <= EPSILON * near, 0.0, below))
        last, first, going = zero - 1.0, zero, zero
        for k in range(size - 1):
            i = size - 1 - k
            linked = lane_abs(load(matrix, (i * size + i - 1) * width))
            before = zero
            if i > 1:
                before = lane_abs(load(matrix, ((i - 1) * size + i - 2) * width))
            begins = lane_select(linked > 0.0, lane_select(before > 0.0, lane_select(last < 0.0, one, 0.0), 0.0), 0.0)
            last = lane_select(begins > 0.5, float(i), last)
            going = lane_select(begins > 0.5, 1.0, lane_select(linked > 0.0, going, 0.0))
            first = lane_select(going > 0.5, i - 1.0, first)
        old, count = load(work, last_at), load(work, count_at)
        changed = lane_abs(old - last) + lane_abs(load(work, first_at) - first)
        store(work, count_at, lane_select(changed > 0.0, 0.0, count + 1.0))
        store(work, last_at, last)
        store(work, first_at, first)
        return lane_any(last > 0.0)

    return blocks


def _make_sweep(width):
    last_at, first_at, count_at, x_at, y_at, z_at = (k * width for k in range(WORK))

    @kernel
    def begin(matrix, size, work):
        """Work out each lane's first column of (H - s)(H - t), with the eigenvalues s, t of its last two rows."""
        last, first, count = load(work, last_at), load(work, first_at), load(work, count_at)
        a = b = c = d = f = load(matrix, 0) * 0.0
        for i in range(2, size):
            here = lane_abs(last - float(i)) < 0.5
            a = lane_select(here, load(matrix, ((i - 1) * size + i - 1) * width), a)
            b = lane_select(here, load(matrix, ((i - 1) * size + i) * width), b)
            c = lane_select(here, load(matrix, (i * size + i - 1) * width), c)
            d = lane_select(here, load(matrix, (i * size + i) * width), d)
            f = lane_select(here, load(matrix, ((i - 1) * size + i - 2) * width), f)
        trace, determinant = a + d, a * d - b * c
        apart = lane_abs(c) + lane_abs(f)
        strange = count > EXCEPTIONAL - 0.5
        store(work, count_at, lane_select(strange, 0.0, count))
        trace = lane_select(strange, d + d + 1.5 * apart, trace)
        determinant = lane_select(strange, d * d + 1.5 * apart * d + apart * apart, determinant)
        x = y = z = last * 0.0
        for i in range(size - 2):
            here = lane_abs(first - float(i)) < 0.5
            at = (i * size + i) * width
            h00, h01 = load(matrix, at), load(matrix, at + width)
            h10, h11 = load(matrix, at + size * width), load(matrix, at + (size + 1) * width)
            h21 = load(matrix, at + (2 * size + 1) * width)
            x = lane_select(here, (h00 * (h00 - trace) + determinant) + h01 * h10, x)
            y = lane_select(here, h10 * (h00 + h11 - trace), y)
            z = lane_select(here, h10 * h21, z)
        store(work, x_at, x)
        store(work, y_at, y)
        store(work, z_at, z)

    @kernel
    def reflect(matrix, size, work, k):
        """Reflect rows and columns k, k + 1, k + 2 of the lanes whose active block they belong to."""
        last, first = load(work, last_at), load(work, first_at)
        three, zero = k + 2 < size, last * 0.0
        at = (k * size + k - 1) * width
        opening = lane_abs(first - float(k)) < 0.5
        x, y, z = load(work, x_at), load(work, y_at), load(work, z_at)
        if k > 0:
            x = lane_select(opening, x, load(matrix, at))
            y = lane_select(opening, y, load(matrix, at + size * width))
            if three:
                z = lane_select(opening, z, load(matrix, at + 2 * size * width))
        within = lane_select(last > k + 0.5, lane_select(first < k + 0.5, zero + 1.0, 0.0), 0.0)
        if not three:
            z = zero
        z = lane_select(last > k + 1.5, z, 0.0)
        largest = lane_abs(x) + (lane_abs(y) + lane_abs(z))
        within = lane_select(lane_abs(y) + lane_abs(z) > 0.0, within, 0.0)
        unit = 1.0 / lane_select(within > 0.5, largest, 1.0)
        x, y, z = x * unit, y * unit, z * unit
        length = lane_sqrt(x * x + (y * y + z * z))
        length = lane_select(x < 0.0, -length, length)
        lead = lane_select(within > 0.5, x + length, 1.0)
        inverse = lane_select(within > 0.5, 1.0 / lead, 0.0)
        weight = lane_select(within > 0.5, lead / lane_select(within > 0.5, length, 1.0), 0.0)
        q, r = y * inverse, z * inverse
        u, v, w = weight, weight * q, weight * r
        if k > 0:
            inside = lane_select(opening, 0.0, within)
            store(matrix, at, lane_select(inside > 0.5, -length * largest, load(matrix, at)))
            below = at + size * width
            store(matrix, below, lane_select(inside > 0.5, 0.0, load(matrix, below)))
            if three:
                below = at + 2 * size * width
                store(matrix, below, lane_select(inside > 0.5, 0.0, load(matrix, below)))
        for j in range(k, size):
            one = (k * size + j) * width
            two = one + size * width
            p = load(matrix, one) + q * load(matrix, two)
            if three:
                far = two + size * width
                p = p + r * load(matrix, far)
                store(matrix, far, load(matrix, far) - p * w)
            store(matrix, one, load(matrix, one) - p * u)
            store(matrix, two, load(matrix, two) - p * v)
        for i in range(min(k + 4, size)):
            one = (i * size + k) * width
            two = one + width
            p = load(matrix, one) + q * load(matrix, two)
            if three:
                far = two + width
                p = p + r * load(matrix, far)
                store(matrix, far, load(matrix, far) - p * w)
            store(matrix, one, load(matrix, one) - p * u)
            store(matrix, two, load(matrix, two) - p * v)

    @kernel
    def sweep(matrix, size, work):
        begin(matrix, size, work)
        for k in range(size - 1):
            reflect(matrix, size, work, k)

    return sweep


def _make_ends(width):
    @kernel
    def ends(matrix, size, real, imaginary):
        """Eigenvalues of the blocks of one row and of two."""
        zero = load(matrix, 0) * 0.0
        for i in range(size):
            store(real, i * width, load(matrix, (i * size + i) * width))
            store(imaginary, i * width, zero)
        for i in range(1, size):
            a, b = load(matrix, ((i - 1) * size + i - 1) * width), load(matrix, ((i - 1) * size + i) * width)
            c, d = load(matrix, (i * size + i - 1) * width), load(matrix, (i * size + i) * width)
            linked = lane_abs(c) > 0.0
            p, product = 0.5 * (a - d), b * c
            q = p * p + product
            root = lane_sqrt(lane_abs(q))
            larger = p + lane_select(p < 0.0, -root, root)
            divided = lane_abs(larger) > 0.0
            smaller = lane_select(divided, -product / lane_select(divided, larger, 1.0), 0.0)
            paired = q < 0.0
            one, other = lane_select(paired, d + p, d + larger), lane_select(paired, d + p, d + smaller)
            up, down = lane_select(paired, root, 0.0), lane_select(paired, -root, 0.0)
            first, second = (i - 1) * width, i * width
            store(real, first, lane_select(linked, one, load(real, first)))
            store(real, second, lane_select(linked, other, load(real, second)))
            store(imaginary, first, lane_select(linked, up, load(imaginary, first)))
            store(imaginary, second, lane_select(linked, down, load(imaginary, second)))

    return ends
