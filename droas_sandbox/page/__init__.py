"""The web page at `/`: the sandbox as a chat client."""

from importlib.resources import files

from aiohttp import web

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def routes() -> list[web.RouteDef]:
    """Give the page and its files."""

    async def index(_request: web.Request) -> web.Response:
        return _file("index.html")

    async def static(request: web.Request) -> web.Response:
        return _file(request.match_info["name"])

    return [web.get("/", index), web.get(r"/static/{name:[a-z_]+\.(?:css|js|svg)}", static)]


def _file(name: str) -> web.Response:
    entry = files(__package__).joinpath("static", name)
    if not entry.is_file():
        raise web.HTTPNotFound
    return web.Response(
        body=entry.read_bytes(),
        content_type=_TYPES[name.rpartition(".")[2]],
        charset="utf-8",
        headers=_HEADERS,
    )
