"""How an invocation ends when it is not the handler's own answer: AWS's names and sentences.

ministack says `Runtime.HandlerError` to all of them. Step Functions matches these names in `ErrorEquals`.

@see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
@see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from typing import Any

Outcome = dict[str, Any]

# What ministack's callers (the API, Step Functions, event sources) understand: body, error, log.
RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 + 100
REQUEST_LIMIT_BYTES = 6 * 1024 * 1024
# Of an invocation of the type Event.
ASYNC_REQUEST_LIMIT_BYTES = 1024 * 1024

# As Go names them, in which Lambda's sandbox is written.
SIGNALS = {
    4: "illegal instruction",
    6: "aborted",
    7: "bus error",
    9: "killed",
    11: "segmentation fault",
    15: "terminated",
}


class ServiceFailure(Exception):
    """Lambda itself failed: the API answers 500, Step Functions sees `Lambda.ServiceException`."""


def service_failed(message: str) -> Outcome:
    """For callers that try again by themselves (event sources, asynchronous invocations) an error like any
    other."""
    error = {"errorType": "ServiceException", "errorMessage": message}
    return {"body": error, "error": True, "log": "", "isServiceFailure": True}


def succeeded(value: Any, log: str) -> Outcome:
    return {"body": value, "log": log}


def failed(error: dict[str, Any], log: str) -> Outcome:
    """`error` is what the runtime reported: errorType, errorMessage, trace."""
    return {"body": error, "error": True, "log": log}


def _sandbox(name: str, message: str, request_id: str, log: str) -> Outcome:
    sentence = f"RequestId: {request_id} Error: {message}"
    lines = "\n".join(filter(None, [log, sentence]))
    return failed({"errorType": name, "errorMessage": sentence}, lines)


def exited(returncode: int, request_id: str, log: str) -> Outcome:
    """The process ended without an answer; `returncode` as subprocess gives it: a signal is negative."""
    if returncode == 0:
        return _sandbox("Runtime.ExitError", "Runtime exited without providing a reason", request_id, log)
    reason = (
        f"exit status {returncode}" if returncode > 0 else f"signal: {SIGNALS.get(-returncode, -returncode)}"
    )
    return _sandbox("Runtime.ExitError", f"Runtime exited with error: {reason}", request_id, log)


def timed_out(timeout_seconds: int, request_id: str, log: str) -> Outcome:
    return _sandbox(
        "Sandbox.Timedout", f"Task timed out after {timeout_seconds:.2f} seconds", request_id, log
    )


def response_too_large(size_bytes: int, log: str) -> Outcome:
    message = (
        f"Response payload size ({size_bytes} bytes) exceeded maximum allowed payload size "
        f"({RESPONSE_LIMIT_BYTES} bytes)."
    )
    return failed({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}, log)
