"""Puts our execution environments (lambda_environment.py) and AWS's limits on payloads into ministack's
Lambda."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from lambda_environment import NodeEnvironment
from lambda_outcomes import ASYNC_REQUEST_LIMIT_BYTES, REQUEST_LIMIT_BYTES, Outcome, ServiceFailure
from patching import replace, require

require(
    lambda_svc, "_ensure_reaper_thread", "acquire_worker", "release_worker", "_xray_trace_id_for_invocation"
)

Config = dict[str, Any]

logger = logging.getLogger("lambda")


def _is_ours(config: Config) -> bool:
    # The custom resources that CDK brings speak HTTPS with CloudFormation, which ministack's environment
    # turns into HTTP. They are not what the tests are about.
    return str(config.get("Runtime", "")).startswith("nodejs") and not config["Handler"].startswith(
        "__entrypoint__"
    )


def _environment_for(old: Callable[[Config], type]) -> Callable[[Config], type]:
    return lambda config: NodeEnvironment if _is_ours(config) else old(config)


def _run_warm(old: Callable[[Config, Any, str], Outcome]) -> Callable[[Config, Any, str], Outcome]:
    """ministack runs a worker and names each failure `Runtime.HandlerError`; here the outcome is the
    environment's."""

    def run(func: Config, event: Any, request_id: str) -> Outcome:
        config = func.get("config") or func
        code_zip = func.get("code_zip")
        if not _is_ours(config) or not code_zip:
            return old(func, event, request_id)
        if config.get("Layers"):
            raise NotImplementedError(
                "the emulator's environments have no layers: bundle what the function needs"
            )
        lambda_svc._ensure_reaper_thread()
        name, version = config["FunctionName"], config.get("Version", "$LATEST")
        environment, _ = lambda_svc.acquire_worker(name, config, code_zip, qualifier=version)
        trace_id = lambda_svc._xray_trace_id_for_invocation(config)
        try:
            outcome = environment.run(event, request_id, trace_id, config["FunctionArn"])
        finally:
            lambda_svc.release_worker(environment)
        if outcome.get("error"):
            # In the emulator's own log, where a test that fails looks.
            logger.warning("%s failed with %s\n%s", name, outcome["body"]["errorType"], outcome["log"])
        return outcome

    return run


def _kill(old: Callable[[list[Any]], None]) -> Callable[[list[Any]], None]:
    """ministack kills environments under way when a function is updated; AWS lets their invocation finish."""

    def kill(workers: list[Any]) -> None:
        ours = [worker for worker in workers if isinstance(worker, NodeEnvironment)]
        for environment in ours:
            environment.retire()
        old([worker for worker in workers if worker not in ours])

    return kill


Handle = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


def _answer_limits(old: Handle) -> Handle:
    """ministack takes a payload of any size; AWS takes 6 MB, and 1 MB of an asynchronous one. A failure of
    the service is a 500 of its own name."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if method == "POST" and path.endswith("/invocations"):
            is_async = headers.get("x-amz-invocation-type") == "Event"
            limit = ASYNC_REQUEST_LIMIT_BYTES if is_async else REQUEST_LIMIT_BYTES
            if len(body) > limit:
                message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
                return error_response_json("RequestEntityTooLargeException", message, 413)
        try:
            return await old(method, path, headers, body, query)
        except ServiceFailure as failure:
            return error_response_json("ServiceException", str(failure), 500)

    return handle


def install() -> None:
    replace(lambda_runtime, "_worker_class_for", _environment_for)
    replace(lambda_runtime, "kill_workers", _kill)
    replace(lambda_svc, "_execute_function_warm", _run_warm)
    replace(lambda_svc, "handle_request", _answer_limits)
