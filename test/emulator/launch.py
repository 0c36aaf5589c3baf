"""Starts ministack for the tests. What it leaves in the temporary folder goes with the process."""
import atexit
import shutil
import tempfile

import ministack.app as app

tempfile.tempdir = tempfile.mkdtemp(prefix="daybreak-emulator-")
atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

if __name__ == "__main__":
    app.main()
