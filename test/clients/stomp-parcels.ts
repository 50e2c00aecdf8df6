import { missingModule } from "./child.ts";
import { ALL_FIELDS, type Everyone, type Parcel } from "./parcel.ts";
import { PythonClient } from "./python-client.ts";
import { Stompit } from "./stompit.ts";
import { type StompArrival, StompJs, type StompVersion } from "./stompjs.ts";

function toStompHeaders({ contentType, correlation, colour, durable }: Parcel): Record<string, string> {
  return {
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...(correlation === undefined ? {} : { "correlation-id": correlation }),
    ...(colour === undefined ? {} : { colour }),
    ...(durable === true ? { persistent: "true" } : {}),
  };
}

function fromStomp({ body, headers }: Pick<StompArrival, "body" | "headers">): Parcel {
  return {
    topic: (headers["destination"] ?? "").replace("/topic/", ""),
    body,
    contentType: headers["content-type"],
    correlation: headers["correlation-id"],
    colour: headers["colour"],
    durable: headers["persistent"] === "true",
  };
}

/** The npm client `@stomp/stompjs`. */
export function stompJs(version: StompVersion, kind: "stomp" | "ws"): Everyone {
  return {
    name: `stompjs ${version}${kind === "ws" ? " ws" : ""}`,
    protocol: "STOMP",
    missing: undefined,
    canSay: ALL_FIELDS,
    canSee: ALL_FIELDS,
    async start(urlOf, below) {
      const client = await StompJs.connect(kind === "ws" ? `${urlOf("ws")}/stomp` : urlOf("stomp"), {
        version,
      });
      const inbox = await client.subscribe(`/topic/${below}/#`);
      return {
        publish: async (parcel) => {
          await client.send(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel));
        },
        next: async (wanted) => fromStomp(await inbox.next((arrival) => wanted(fromStomp(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

/** The npm client `stompit`. */
export const stompit: Everyone = {
  name: "stompit",
  protocol: "STOMP",
  missing: undefined,
  canSay: ALL_FIELDS,
  canSee: ALL_FIELDS,
  async start(urlOf, below) {
    const client = await Stompit.connect(urlOf("stomp"));
    const inbox = await client.subscribe(`/topic/${below}/#`);
    return {
      publish: (parcel) => client.send(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel)),
      next: async (wanted) => fromStomp(await inbox.next((arrival) => wanted(fromStomp(arrival)))),
      close: () => client.close(),
    };
  },
};

/** Debian's python3-stomp. */
export function stompPy(version: StompVersion): Everyone {
  return {
    name: `stomp.py ${version}`,
    protocol: "STOMP",
    missing: missingModule("stomp"),
    canSay: ALL_FIELDS,
    canSee: ALL_FIELDS,
    async start(urlOf, below) {
      const client = await PythonClient.start("stomp_client", urlOf("stomp"), version);
      await client.subscribe(`/topic/${below}/#`);
      const parcelOf = ({ body, fields }: Awaited<ReturnType<typeof client.arrivals.next>>): Parcel =>
        fromStomp({
          body,
          headers: Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, String(v)])),
        });
      return {
        publish: (parcel) => client.publish(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel)),
        next: async (wanted) => parcelOf(await client.arrivals.next((arrival) => wanted(parcelOf(arrival)))),
        close: () => client.close(),
      };
    },
  };
}
