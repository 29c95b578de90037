"""Stop a whole project and start it again, in a simulated AWS account: ``make demo``."""

import sys
from pathlib import Path

# Run as a directory, this file has no package; its modules import each other as `demo.*`.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from demo.story import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
