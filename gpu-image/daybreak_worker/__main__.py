from __future__ import annotations

import sys

from daybreak_worker.supervisor.main import main

main(sys.argv[1:])
