"""Start the simulated account: ``python tests/account [--port 0] [--until-stdin-closes]``."""

import sys
from pathlib import Path

# Run as a directory, this file has no package; its modules import each other as `account.*`, so that none of
# them (say, a module called `functions`) can hide a library's module of the same name.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from account.server import main  # noqa: E402

if __name__ == "__main__":
    main()
