/** A message in words that all protocols share, for tests that let every client speak with every other. */
export interface Parcel {
  /** The topic in MQTT's spelling. */
  readonly topic: string;
  readonly body: string;
  readonly contentType?: string | undefined;
  readonly correlation?: string | undefined;
  /** The header `colour`. */
  readonly colour?: string | undefined;
  readonly durable?: boolean | undefined;
}

/** What one client program can say of a message, and what it can see; the rest is not the broker's fault. */
export type ParcelField = Exclude<keyof Parcel, "topic" | "body">;

/** How a table names the parts that arrived. */
export const LETTERS: Readonly<Record<keyof Parcel, string>> = {
  body: "B",
  topic: "T",
  contentType: "C",
  correlation: "I",
  colour: "H",
  durable: "D",
};

/** Where a broker is reached. */
export type UrlOf = (kind: "mqtt" | "stomp" | "amqp" | "ws") => string;

/** A client at work. */
export interface Running {
  publish(parcel: Parcel): Promise<void>;
  /** The next parcel that came in and is wanted. Everything below `below/` comes in. */
  next(wanted: (parcel: Parcel) => boolean): Promise<Parcel>;
  close(): Promise<void>;
}

/** A real client with the common face. */
export interface Everyone {
  readonly name: string;
  readonly protocol: "MQTT" | "STOMP" | "AMQP";
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined;
  readonly canSay: readonly ParcelField[];
  readonly canSee: readonly ParcelField[];
  /** Connects and subscribes to everything below a first level. */
  start(urlOf: UrlOf, below: string): Promise<Running>;
}

/** For a client that says or sees all of it. */
export const ALL_FIELDS: readonly ParcelField[] = ["contentType", "correlation", "colour", "durable"];
/** The value when it is text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** One text out of a table of any values. */
export function fieldOf(table: unknown, name: string): string | undefined {
  if (typeof table !== "object" || table === null) return undefined;
  return textOf(Object.entries(table).find(([key]) => key === name)?.[1]);
}
