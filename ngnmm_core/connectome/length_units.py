"""Whether lengths of tracts are in mm, as far as the numbers tell: delays are lengths over a velocity."""

import numpy as np

LONGEST_MM = (1.0, 1000.0)  # tracts of a fly's brain and of a whale's
WINDING = (0.4, 6.0)  # length over the distance of the centres, median: tracts are curved, and end where regions begin


def doubt(lengths: np.ndarray, weights: np.ndarray, centres: np.ndarray | None) -> str:
    """Say why lengths may be in another unit; empty if they are like those of a brain in mm.

    Parameters
    ----------
    lengths, weights : arrays (region, region)
    centres : array (region, 3), optional
        In mm.
    """
    known = (weights > 0) & (lengths > 0)
    if not known.any():
        return ""
    longest = float(lengths[known].max())
    if not LONGEST_MM[0] <= longest <= LONGEST_MM[1]:
        return f"the longest tract is {longest:.3g} mm; lengths count in mm"
    if centres is None:
        return ""
    apart = np.linalg.norm(centres[:, None] - centres, axis=-1)
    known &= apart > 0
    ratio = float(np.median(lengths[known] / apart[known])) if known.any() else 1.0
    if WINDING[0] <= ratio <= WINDING[1]:
        return ""
    return f"tracts are {ratio:.2g} times as long as their ends are apart (median); lengths and centres count in mm"
