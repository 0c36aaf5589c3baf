"""Requests count as sent over TLS, which AWS's endpoints have and the emulator has not: a bucket, queue or
topic that refuses what comes without it would refuse everybody.

@see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Callable

import ministack.app as app

from patching import replace


def _pin(old: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    def pin(source_ip: str, _secure_transport: bool) -> None:
        old(source_ip, True)

    return pin


def install() -> None:
    replace(app, "pin_request_origin", _pin)
