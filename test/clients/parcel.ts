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
