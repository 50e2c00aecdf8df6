import type { Action, Credentials, Resource } from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { namePattern } from "./name-pattern.ts";
import { hashPassword, hashPasswordForScram, isWellFormed, Password } from "./password.ts";
import { coversTopic, isTopicFilter } from "./topic-permission.ts";
import { UserAuthority } from "./user-authority.ts";
import type { UserSpec } from "./user.ts";

const local = { protocol: "mqtt", peer: "127.0.0.1:1", isLoopback: true };
const remote = { protocol: "mqtt", peer: "192.0.2.1:1", isLoopback: false };
const anonymous: Credentials = { kind: "anonymous" };
const login = (user: string, password: string): Credentials => ({
  kind: "password",
  user,
  password: Buffer.from(password),
});

describe("the authority without configured users", () => {
  it("lets guest and anonymous clients of this machine do everything", async () => {
    const authority = new UserAuthority([], false);

    for (const credentials of [anonymous, login("guest", "guest")]) {
      const identity = await authority.connect(credentials, "/", local);
      expect(authority.allows(identity, "configure", { kind: "queue", virtualHost: "/", name: "q" })).toBe(
        true,
      );
    }
  });

  it.each([anonymous, login("guest", "guest")])("refuses %j from another machine", async (credentials) => {
    const authority = new UserAuthority([], false);

    await expect(authority.connect(credentials, "/", remote)).rejects.toMatchObject({
      code: "not-authorized",
    });
  });

  it.each([anonymous, login("guest", "guest")])(
    "refuses %j from anywhere when a listener is exposed",
    async (credentials) => {
      const authority = new UserAuthority([], true);

      await expect(authority.connect(credentials, "/", local)).rejects.toMatchObject({
        code: "not-authorized",
      });
    },
  );

  it.each([login("guest", "wrong"), login("root", "guest")])("refuses %j", async (credentials) => {
    const authority = new UserAuthority([], false);

    await expect(authority.connect(credentials, "/", local)).rejects.toMatchObject({
      code: "bad-credentials",
    });
  });
});

describe("the authority with configured users", () => {
  const users: readonly UserSpec[] = [
    { name: "admin", password: "secret" },
    { name: "local", password: "secret", loopbackOnly: true },
    {
      name: "device",
      password: "secret",
      permissions: [
        {
          virtualHost: "/",
          configure: { queues: ["mine.*"] },
          publish: { topics: ["/hfp/+/bus/#"], exchanges: ["orders"] },
          subscribe: { topics: ["commands/+"], queues: ["*.jobs"] },
        },
        { virtualHost: "staging", subscribe: "all" },
      ],
    },
  ];
  const authority = new UserAuthority(users, true);

  it("knows them from anywhere", async () => {
    await expect(authority.connect(login("admin", "secret"), "/", remote)).resolves.toMatchObject({
      user: "admin",
    });
  });

  it("no longer knows guest, nor clients that do not log in", async () => {
    await expect(authority.connect(login("guest", "guest"), "/", local)).rejects.toMatchObject({
      code: "bad-credentials",
    });
    await expect(authority.connect(anonymous, "/", local)).rejects.toMatchObject({ code: "not-authorized" });
  });

  it("knows clients that do not log in when a user 'anonymous' says so", async () => {
    const open = new UserAuthority([{ name: "anonymous" }], true);

    await expect(open.connect(anonymous, "/", remote)).resolves.toMatchObject({ user: "anonymous" });
    await expect(open.connect(login("anonymous", ""), "/", remote)).rejects.toMatchObject({
      code: "bad-credentials",
    });
  });

  it("keeps a user on this machine when it is told so", async () => {
    await expect(authority.connect(login("local", "secret"), "/", remote)).rejects.toMatchObject({
      code: "not-authorized",
    });
  });

  it("closes virtual hosts that no permission names", async () => {
    await expect(authority.connect(login("device", "secret"), "other", local)).rejects.toMatchObject({
      code: "not-authorized",
    });
  });

  it.each<[Action, Resource["kind"], string, string, boolean]>([
    ["publish", "topic", "/", "/hfp/v2/bus/12/34", true],
    ["publish", "topic", "/", "/hfp/v2/tram/12", false],
    ["publish", "exchange", "/", "orders", true],
    ["publish", "exchange", "/", "orders2", false],
    ["publish", "queue", "/", "mine.1", false],
    ["configure", "queue", "/", "mine.1", true],
    ["configure", "queue", "staging", "mine.1", false],
    ["configure", "exchange", "/", "mine.1", false],
    ["subscribe", "queue", "/", "all.jobs", true],
    ["subscribe", "queue", "/", "jobs", false],
    ["subscribe", "topic", "/", "commands/+", true],
    ["subscribe", "topic", "/", "commands/12", true],
    ["subscribe", "topic", "/", "commands/#", false],
    ["subscribe", "topic", "/", "#", false],
    ["subscribe", "topic", "staging", "#", true],
  ])("answers %s %s in %s '%s' with %s", async (action, kind, virtualHost, name, want) => {
    const identity = await authority.connect(login("device", "secret"), "/", local);

    expect(authority.allows(identity, action, { kind, virtualHost, name })).toBe(want);
    expect(authority.allows(identity, action, { kind, virtualHost, name })).toBe(want);
  });
});

describe("a password", () => {
  it("is verified against its hash, again and again", async () => {
    const hash = await hashPassword("pässword");
    const password = new Password(hash);

    expect(hash).toMatch(/^\$scrypt\$N=16384,r=8,p=1\$/);
    await expect(password.verify(Buffer.from("pässword"))).resolves.toBe(true);
    await expect(password.verify(Buffer.from("pässword"))).resolves.toBe(true);
    await expect(password.verify(Buffer.from("password"))).resolves.toBe(false);
  });

  it("may be plain", async () => {
    const password = new Password("secret");

    await expect(password.verify(Buffer.from("secret"))).resolves.toBe(true);
    await expect(password.verify(Buffer.from("secret "))).resolves.toBe(false);
  });

  it("that is hashed for SCRAM-SHA-256 is verified too", async () => {
    const password = new Password(await hashPasswordForScram("pässword"));

    await expect(password.verify(Buffer.from("password"))).resolves.toBe(false);
    await expect(password.verify(Buffer.from("pässword"))).resolves.toBe(true);
  });

  it("serves SCRAM-SHA-256 when it is plain or hashed for it", async () => {
    const ways = ["secret", await hashPasswordForScram("secret"), await hashPassword("secret")];

    const credentials = await Promise.all(ways.map((way) => new Password(way).scram()));

    expect(credentials.map((credential) => credential?.iterations)).toEqual([4_096, 4_096, undefined]);
  });

  it.each([
    ["plain", true],
    [`SCRAM-SHA-256$4096:YQ==$${"A".repeat(43)}=:${"A".repeat(43)}=`, true],
    [`SCRAM-SHA-256$4095:YQ==$${"A".repeat(43)}=:${"A".repeat(43)}=`, false],
    ["SCRAM-SHA-256$4096:YQ==$YQ==:YQ==", false],
    ["$other", true],
    ["$scrypt$N=16384,r=8,p=1$YQ$YQ", true],
    ["$scrypt$", false],
    ["$scrypt$N=16383,r=8,p=1$YQ$YQ", false],
    ["$scrypt$N=1073741824,r=8,p=1$YQ$YQ", false],
  ])("written as %s can be verified: %s", (written, want) => {
    expect(isWellFormed(written)).toBe(want);
  });
});

describe("a topic permission", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["a/+", "a/b", true],
    ["a/+", "a", false],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["#", "/x", true],
    ["+/b", "/b", true],
    ["a/*", "a/b", false],
  ])("for '%s' covers the topic '%s': %s", (granted, asked, want) => {
    expect(coversTopic(granted, asked, false)).toBe(want);
  });

  it.each([
    ["a/#", "a/+/b", true],
    ["a/#", "a/#", true],
    ["a/+", "a/*", true],
    ["a/b", "a/+", false],
    ["a/+", "a/#", false],
    ["+/+", "a/#/b", false],
    ["a/*", "a/*", false],
  ])("for '%s' covers the pattern '%s': %s", (granted, asked, want) => {
    expect(coversTopic(granted, asked, true)).toBe(want);
  });

  it.each([
    ["a/+/#", true],
    ["", true],
    ["a/#/b", false],
    ["a+", false],
    ["a/b#", false],
  ])("written as '%s' is a filter: %s", (filter, want) => {
    expect(isTopicFilter(filter)).toBe(want);
  });
});

describe("a name pattern", () => {
  it.each([
    ["jobs", "jobs", true],
    ["jobs", "jobs2", false],
    ["*", "", true],
    ["jobs*", "jobs", true],
    ["*.jobs", "a.jobs", true],
    ["a*b*c", "a--b--c", true],
    ["a*b*c", "abbc", true],
    ["a*a", "a", false],
    ["a*b*c", "acb", false],
    ["a.c", "abc", false],
  ])("'%s' matches '%s': %s", (pattern, name, want) => {
    expect(namePattern(pattern)(name)).toBe(want);
  });
});
