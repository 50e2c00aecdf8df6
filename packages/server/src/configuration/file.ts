import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { PartialConfiguration } from "./configuration.ts";
import { type Fault, suggestion } from "./fault.ts";
import { fileSchema, keysAt } from "./file-schema.ts";

export interface FileContents {
  readonly values: PartialConfiguration;
  readonly faults: readonly Fault[];
}

type Path = readonly PropertyKey[];

/**
 * Reads a configuration file. Every fault is found at once, with its line and key.
 *
 * @param fileName for the faults
 */
export function readFileText(source: string, fileName: string): FileContents {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${fileName}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ pos, message }) => ({ where: at(pos[0]), what: message }));
    return { values: {}, faults };
  }
  const contents: unknown = document.toJS();
  const result = fileSchema.safeParse(contents ?? {});
  if (result.success) return { values: result.data, faults: [] };
  const faults = result.error.issues.flatMap(innermost).flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        where: at(offsetOf(document, [...issue.path, key], true)),
        what: unknownKey(issue.path, key),
      }));
    }
    return [{ where: at(offsetOf(document, issue.path, false)), what: badValue(document, issue) }];
  });
  return { values: {}, faults };
}

/** Of several forms that a value may have, it fails in the one it resembles: the one that was looked into. */
function innermost(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const within = issue.errors
    .flat()
    .filter(({ path, code }) => path.length > 0 || code === "unrecognized_keys")
    .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  return within.length > 0 ? within : [issue];
}

function unknownKey(path: Path, key: string): string {
  return `there is no key ${spell([...path, key])}${suggestion(key, keysAt(path))}`;
}

function badValue(document: Document, issue: z.core.$ZodIssue): string {
  const value: unknown = document.getIn(issue.path);
  const key = spell(issue.path);
  if (value === undefined) return `${key} is missing; want ${issue.message}`;
  const isSecret = issue.path.at(-1) === "password";
  const shown = isSecret || isNode(value) ? "is not good" : `is ${JSON.stringify(value)}`;
  return `${key} ${shown}; want ${issue.message}`;
}

/** Where the value stands, or its key; where the nearest thing around it stands when it is missing. */
function offsetOf(document: Document, path: Path, ofKey: boolean): number {
  if (ofKey) {
    const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      : undefined;
    if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
  }
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

/** `users[0].name` */
function spell(path: Path): string {
  const parts = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return parts.length === 0 ? "the file" : parts.join("").replace(/^\./, "");
}
