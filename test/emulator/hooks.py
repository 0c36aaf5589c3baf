"""All hooks, in one place."""

import alarms
import cloudformation
import door
import emf
import http_api
import lambda_concurrency
import lambda_faults
import lambda_hooks
import s3_conditions
import s3_faults
import s3_log
import sfn_hooks
import transport
from asgi import App
from patching import require_version


def install() -> None:
    """Replaces what ministack lacks; fails where it is not the ministack that the hooks are written for."""
    require_version()
    lambdas = (lambda_hooks, lambda_faults, lambda_concurrency)
    for hook in (*lambdas, sfn_hooks, s3_conditions, transport, emf, alarms, http_api, cloudformation):
        hook.install()


def around(app: App) -> App:
    """The server's app: the door, then the log and the faults of S3, then ministack."""
    return door.around(s3_log.around(s3_faults.around(app)))
