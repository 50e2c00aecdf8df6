// Serves the page and STOMP's client library. The page itself talks to the broker, not to this server.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const port = Number(process.env.PORT ?? 8081);
const stompUrl = process.env.STOMP_URL ?? "ws://localhost:8080/stomp";

const page = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));
const files = new Map([
  ["/", [page("index.html"), "text/html"]],
  ["/page.js", [page("page.js"), "text/javascript"]],
  ["/map.js", [page("map.js"), "text/javascript"]],
  ["/style.css", [page("style.css"), "text/css"]],
  ["/stomp.js", [createRequire(import.meta.url).resolve("@stomp/stompjs"), "text/javascript"]],
]);

const server = createServer((request, response) => void serve(request, response));
server.listen(port, "127.0.0.1", () =>
  console.log(`the page is at http://localhost:${server.address().port}`),
);

async function serve(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const file = files.get(pathname);
  if (pathname === "/settings.json") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ stompUrl }));
  } else if (file === undefined) {
    response.writeHead(404).end("nothing here\n");
  } else {
    const [path, type] = file;
    response.setHeader("content-type", `${type}; charset=utf-8`);
    response.end(await readFile(path));
  }
}
