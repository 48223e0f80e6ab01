"""Serve them with aiohttp: ``python -m tests.simulation.shapes.server PORT``."""

import sys

from aiohttp import web

from tests.simulation.shapes.functions import handler


async def statefun(request: web.Request) -> web.Response:
    answer = await handler(await request.read())
    return web.Response(body=answer, content_type="application/octet-stream")


async def health(request: web.Request) -> web.Response:
    return web.Response(text="ok")


if __name__ == "__main__":
    app = web.Application(client_max_size=64 << 20)
    app.add_routes([web.post("/statefun", statefun), web.get("/health", health)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]))
