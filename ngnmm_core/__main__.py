"""`python -m ngnmm_core`: single points, the list of models, checks of studies, generated docs."""

import sys

from ngnmm_core.cli import main
from ngnmm_core.errors import InputError

try:
    sys.exit(main())
except InputError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)
