"""What an operator does with the deployed function: ``make status``, ``make stop``, ``make start`` and the others."""

import sys
from pathlib import Path

# Run as a directory, this file has no package; its modules import each other as `operate.*`.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from operate.commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
