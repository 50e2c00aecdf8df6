import { type Authority, BrokerError } from "@dragoman/core";
import { expect, it, test } from "vitest";
import { SILENT } from "../log.ts";
import { GuardedAuthority } from "./guarded-authority.ts";

const peer = { protocol: "mqtt", peer: "test:1", isLoopback: true };
const topic = { kind: "topic", virtualHost: "/", name: "a" } as const;

const fails = (): never => {
  throw new Error("no database");
};

function guarded(authority: object): { readonly guard: Authority; readonly logged: string[] } {
  const logged: string[] = [];
  const log = { ...SILENT, error: (_details: object, message: string) => void logged.push(message) };
  const open: Authority = { connect: () => Promise.resolve({ user: "u" }), allows: () => true };
  return { guard: new GuardedAuthority({ ...open, ...authority }, log), logged };
}

test.each([
  { why: "throws", connect: fails },
  { why: "rejects", connect: () => Promise.reject(new Error("no database")) },
  { why: "rejects with nothing", connect: () => Promise.reject(undefined) },
  { why: "resolves without an identity", connect: () => Promise.resolve(undefined) },
])(
  "an authority that $why refuses the client as unavailable, and says so in the log",
  async ({ connect }) => {
    const { guard, logged } = guarded({ connect });

    await expect(guard.connect({ kind: "anonymous" }, "/", peer)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(logged).toEqual(["the authority failed: a client is refused"]);
  },
);

it("passes on whom the authority lets in, and its own refusals", async () => {
  const error = new BrokerError("bad-credentials", "no");
  const { guard, logged } = guarded({ connect: () => Promise.reject(error) });

  await expect(guarded({}).guard.connect({ kind: "anonymous" }, "/", peer)).resolves.toEqual({ user: "u" });
  await expect(guard.connect({ kind: "anonymous" }, "/", peer)).rejects.toBe(error);
  expect(logged).toEqual([]);
});

it("allows what the authority allows, and nothing when it throws or answers with a promise", () => {
  const verdicts = [() => true, () => false, fails, () => Promise.resolve(true)].map((allows) =>
    guarded({ allows }).guard.allows({ user: "u" }, "publish", topic),
  );
  expect(verdicts).toEqual([true, false, false, false]);
});
