import type { Message } from "./message.ts";
import { SmallMap } from "./small-map.ts";

/** Stands for a durable message: it is in the engine until somebody asks for it, and not in memory. */
export const STORED: unique symbol = Symbol("stored");

export type Content = Message | typeof STORED;

/** A level with others below it. Below most levels there are none: these are no more than their content. */
export class Branch extends SmallMap<string, Branch | Content> {
  content: Content | undefined;

  constructor(content: Content | undefined) {
    super();
    this.content = content;
  }
}

/** What a level of a topic leads to. */
export type Node = Branch | Content;

export function contentOf(node: Node | undefined): Content | undefined {
  return node instanceof Branch ? node.content : node;
}
