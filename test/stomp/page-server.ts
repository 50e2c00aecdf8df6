import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const page = readFileSync(new URL("page.html", import.meta.url));
const bundle = new URL(
  "../bundles/stomp.umd.js",
  `file://${createRequire(import.meta.url).resolve("@stomp/stompjs")}`,
);

/** Serves the page and the client's bundle, as it is published, on a free port. */
export async function servePage(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer(({ url }, response) => {
    const isScript = url === "/stomp.umd.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? readFileSync(bundle) : page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the page has no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
