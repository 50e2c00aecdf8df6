import type { Binding, HeaderMatch, Lead } from "./binding.ts";
import type { Matcher } from "./exchange.ts";
import type { Topic } from "./topic.ts";
import type { Header, Headers, Value } from "./value.ts";

/** Selects bindings whose wanted headers the message has. AMQP 0-9-1 §3.1.3.4 */
export class HeadersMatcher implements Matcher {
  readonly isCacheable = false;
  readonly #bindings = new Set<Binding>();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
  }

  match(_topic: Topic, headers: () => Headers, found: (lead: Lead) => void): void {
    if (this.#bindings.size === 0) return;
    const present = headers();
    for (const binding of this.#bindings) {
      if (matchesHeaders(binding.spec.match, present)) found(binding);
    }
  }
}

/**
 * True when the headers satisfy the match; of several headers of one name, any may. "all" of no wanted header is true, "any" of none
 * is false.
 */
export function matchesHeaders(match: HeaderMatch | undefined, present: Headers): boolean {
  if (match === undefined) return true;
  const countsX = match.mode === "all-with-x" || match.mode === "any-with-x";
  const wanted = countsX ? match.headers : match.headers.filter(([name]) => !name.startsWith("x-"));
  const isMet = ([name, value]: Header): boolean => {
    return present.some(
      ([other, actual]) => other === name && (value.type === "void" || equalValues(value, actual)),
    );
  };
  return match.mode.startsWith("all") ? wanted.every(isMet) : wanted.some(isMet);
}

/** Equal by what they mean: integers and floats of any width compare as numbers, text and bytes as bytes. */
export function equalValues(a: Value, b: Value): boolean {
  const x = comparable(a);
  const y = comparable(b);
  return x.kind === y.kind && x.text === y.text;
}

interface Comparable {
  readonly kind: "boolean" | "number" | "text" | "timestamp" | "void" | "table" | "array";
  readonly text: string;
}

function comparable(value: Value): Comparable {
  switch (value.type) {
    case "boolean":
    case "timestamp":
      return { kind: value.type, text: String(value.value) };
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "int64":
    case "uint64":
    case "float32":
    case "float64":
      return { kind: "number", text: String(value.value) };
    case "decimal":
      return { kind: "number", text: String(value.unscaled / 10 ** value.scale) };
    case "text":
      return { kind: "text", text: Buffer.from(value.value).toString("latin1") };
    case "bytes":
      return { kind: "text", text: Buffer.from(value.value).toString("latin1") };
    case "void":
      return { kind: "void", text: "" };
    case "array":
      return { kind: "array", text: JSON.stringify(value.value.map(comparable)) };
    case "table": {
      const entries = value.value.map(([name, entry]) => [name, comparable(entry)]);
      return { kind: "table", text: JSON.stringify(entries) };
    }
  }
}
