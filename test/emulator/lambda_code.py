"""Unpacked code of functions: one folder for each package, as `/var/task` is, for all environments that run
it.

ministack unpacks it again for each environment (70 MB with DuckDB).
"""

import hashlib
import io
import tempfile
import threading
import zipfile
from pathlib import Path

from ministack.services import lambda_svc

from patching import require

require(lambda_svc, "_extract_zip_preserving_mode")

_lock = threading.Lock()


def code_folder(code_zip: bytes) -> Path:
    """Where the package lies unpacked. Nothing may write there: on AWS it is read-only."""
    folder = Path(tempfile.gettempdir(), "code", hashlib.sha256(code_zip).hexdigest()[:32])
    with _lock:
        if not folder.exists():
            # By way of another name, so that a failure leaves no half of a package.
            unpacked = Path(tempfile.mkdtemp(prefix="unpack-"))
            with zipfile.ZipFile(io.BytesIO(code_zip)) as archive:
                lambda_svc._extract_zip_preserving_mode(archive, str(unpacked))
            folder.parent.mkdir(exist_ok=True)
            unpacked.rename(folder)
    return folder
