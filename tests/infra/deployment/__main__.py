"""Deploy the packaged template to a local AWS, use it, and remove it: ``make test-deploy``."""

import sys
from pathlib import Path

# Run as a directory, this file has no package; its modules import each other as `infra.deployment.*`.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from infra.deployment.story import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
