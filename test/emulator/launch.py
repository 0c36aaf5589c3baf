"""Starts ministack for the tests, with the hooks of this folder: what ministack lacks, and what AWS would
refuse."""

import asyncio
import os
import resource
import signal

import lifetime

# Before ministack is imported: it takes names in the temporary folder and listeners from the environment at
# import.
lifetime.begin()
os.environ.setdefault("BIND_HOST", "127.0.0.1")
os.environ.setdefault("GATEWAY_PORT", "4566")
# Not used, and each would listen on a fixed port.
os.environ.update(IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")

from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack import app as ministack  # noqa: E402

import hooks  # noqa: E402


def main() -> None:
    hooks.install()
    # One descriptor for each connection and three for each environment of a function.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    # As long as ministack's own; SDK clients keep connections for about as long.
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO").upper()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, lifetime.end)
        lifetime.end_with_parent()
        await serve(hooks.around(ministack.app), config, shutdown_trigger=asyncio.Event().wait)

    asyncio.run(run())


if __name__ == "__main__":
    main()
