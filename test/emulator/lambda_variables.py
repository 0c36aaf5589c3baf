"""The environment variables of a function: those of AWS and its own, and nothing of this machine's but PATH.

ministack passes its whole environment on, and lacks AWS_EXECUTION_ENV.

@see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from patching import require

require(lambda_runtime, "execution_credentials", "_RESERVED_RUNTIME_ENV_VARS")

Config = dict[str, Any]


def function_variables(config: Config, code: Path, scratch: Path, stream: str) -> dict[str, str]:
    """`scratch` stands for the environment's own `/tmp`: the host's is shared, so TMPDIR says where."""
    name = config["FunctionName"]
    region = config["FunctionArn"].split(":")[3]
    own = (config.get("Environment") or {}).get("Variables") or {}
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(scratch),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # How the SDK finds the emulator; a function's own value wins, as it does on AWS.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        **{
            key: str(value)
            for key, value in own.items()
            if key not in lambda_runtime._RESERVED_RUNTIME_ENV_VARS
        },
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup")
        or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": config["Handler"],
        **lambda_runtime.execution_credentials(config),
    }
