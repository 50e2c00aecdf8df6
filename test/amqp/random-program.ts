import fc from "fast-check";

/** One step of a program; queues and exchanges are named by small numbers so that steps meet. */
export type Step =
  | { readonly do: "declare-queue"; readonly queue: number; readonly kind: number }
  | { readonly do: "declare-exchange"; readonly exchange: number; readonly type: string }
  | {
      readonly do: "bind-queue" | "unbind-queue";
      readonly queue: number;
      readonly exchange: number;
      readonly key: string;
    }
  | { readonly do: "bind-exchange"; readonly from: number; readonly to: number; readonly key: string }
  | {
      readonly do: "publish";
      readonly exchange: number;
      readonly key: string;
      readonly body: string;
      readonly mandatory: boolean;
      readonly priority: number;
      readonly copies: readonly string[];
    }
  | { readonly do: "send"; readonly queue: number; readonly body: string; readonly priority: number }
  | { readonly do: "get"; readonly queue: number; readonly noAck: boolean }
  | { readonly do: "ack" | "reject" | "requeue"; readonly which: number; readonly multiple: boolean }
  | { readonly do: "recover" }
  | { readonly do: "purge" | "delete-queue"; readonly queue: number }
  | { readonly do: "delete-exchange"; readonly exchange: number };

export const QUEUES = 3;
export const EXCHANGES = 3;
/** Ways to declare a queue, which the runner knows. */
const KINDS = 10;

const queue = fc.nat(QUEUES - 1);
const exchange = fc.nat(EXCHANGES - 1);
const key = fc.constantFrom("a", "a.b", "a.*", "#", "q0", "");
const body = fc.string({ minLength: 1, maxLength: 4, unit: "grapheme-ascii" });
const priority = fc.nat(4);
/** Records all of whose fields are there. */
const step = <K extends Step["do"], T extends object>(
  kind: K,
  fields: { [F in keyof T]: fc.Arbitrary<T[F]> },
): fc.Arbitrary<{ readonly do: K } & T> => fc.record<T>(fields).map((values) => ({ do: kind, ...values }));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: step("declare-queue", { queue, kind: fc.nat(KINDS - 1) }) },
  {
    weight: 2,
    arbitrary: step("declare-exchange", { exchange, type: fc.constantFrom("direct", "fanout", "topic") }),
  },
  { weight: 4, arbitrary: step("bind-queue", { queue, exchange, key }) },
  { weight: 1, arbitrary: step("unbind-queue", { queue, exchange, key }) },
  { weight: 2, arbitrary: step("bind-exchange", { from: exchange, to: exchange, key }) },
  {
    weight: 6,
    arbitrary: step("publish", {
      exchange,
      key,
      body,
      mandatory: fc.boolean(),
      priority,
      copies: fc.array(key, { maxLength: 1 }),
    }),
  },
  { weight: 8, arbitrary: step("send", { queue, body, priority }) },
  { weight: 8, arbitrary: step("get", { queue, noAck: fc.boolean() }) },
  { weight: 3, arbitrary: step("ack", { which: fc.nat(3), multiple: fc.boolean() }) },
  { weight: 3, arbitrary: step("reject", { which: fc.nat(3), multiple: fc.boolean() }) },
  { weight: 4, arbitrary: step("requeue", { which: fc.nat(3), multiple: fc.boolean() }) },
  { weight: 1, arbitrary: step("recover", {}) },
  { weight: 1, arbitrary: step("purge", { queue }) },
  { weight: 1, arbitrary: step("delete-queue", { queue }) },
  { weight: 1, arbitrary: step("delete-exchange", { exchange }) },
);

/** Queues and exchanges are there from the beginning, so that most steps find what they name. */
export const program: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(fc.nat(KINDS - 1), { minLength: QUEUES, maxLength: QUEUES }),
    fc.array(fc.constantFrom("direct", "fanout", "topic"), { minLength: EXCHANGES, maxLength: EXCHANGES }),
    fc.array(anyStep, { minLength: 5, maxLength: 40 }),
  )
  .map(([kinds, types, steps]) => [
    ...kinds.map((kind, at): Step => ({ do: "declare-queue", queue: at, kind })),
    ...types.map((type, at): Step => ({ do: "declare-exchange", exchange: at, type })),
    ...steps,
  ]);
