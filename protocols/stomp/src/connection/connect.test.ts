import { BrokerError, OPEN_AUTHORITY } from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { bodies, commands, header, TestBroker } from "../testing/test-client.ts";

async function dial(connectFrame: string) {
  const broker = await TestBroker.open();
  const client = broker.dial();
  client.write(connectFrame);
  return { client, broker, answer: await client.take() };
}

describe("STOMP 1.2, Connecting", () => {
  it("answers CONNECT with CONNECTED and the version", async () => {
    const { answer } = await dial("CONNECT\naccept-version:1.2\nhost:stomp.github.org\n\n\0");

    expect(commands(answer)).toEqual(["CONNECTED"]);
    expect(header(answer, "version")).toBe("1.2");
  });

  it("handles STOMP in the same manner as CONNECT", async () => {
    const { answer } = await dial("STOMP\naccept-version:1.2\nhost:/\n\n\0");

    expect(commands(answer)).toEqual(["CONNECTED"]);
  });

  it("tells a unique session and a server with name and version", async () => {
    const broker = await TestBroker.open();
    const sessions = [];
    for (const client of [broker.dial(), broker.dial()]) {
      const [connected] = await client.ask("CONNECT", { "accept-version": "1.2", host: "/" });
      sessions.push(header(connected, "session"));
      expect(header(connected, "server")).toMatch(/^[\w-]+(\/[\w.]+)?( .*)?$/);
    }
    expect(new Set(sessions).size).toBe(2);
  });

  it.each([
    ["1.0,1.1,2.0", "1.1"],
    ["1.2", "1.2"],
    ["1.0,1.1,1.2", "1.2"],
    ["1.2,1.1", "1.2"],
    [" 1.1 , 1.0", "1.1"],
    ["1.0", "1.0"],
  ])("chooses the highest common version: %s gives %s", async (offered, chosen) => {
    const { answer } = await dial(`CONNECT\naccept-version:${offered}\nhost:/\n\n\0`);

    expect(header(answer, "version")).toBe(chosen);
  });

  it("takes a missing accept-version for 1.0 (Protocol Negotiation)", async () => {
    const { answer } = await dial("CONNECT\nlogin: guest\npasscode:guest\n\n\0");

    expect(header(answer, "version")).toBe("1.0");
  });

  it("answers ERROR with the supported versions when there is none in common, and closes", async () => {
    const { client, answer } = await dial("CONNECT\naccept-version:2.1,3.0\nhost:/\n\n\0");

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "version")).toBe("1.0,1.1,1.2");
    expect(bodies(answer)[0]).toContain("Supported versions are 1.0,1.1,1.2");
    expect(client.transport.state).toBe("ended");
  });

  it("rejects a wrong login with ERROR and closes", async () => {
    const refusing = {
      ...OPEN_AUTHORITY,
      connect: () => Promise.reject(new BrokerError("bad-credentials", "user 'gust' is unknown")),
    };
    const broker = await TestBroker.open({}, { authority: refusing });
    const client = broker.dial();

    const answer = await client.ask("CONNECT", {
      "accept-version": "1.2",
      host: "/",
      login: "gust",
      passcode: "x",
    });

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe("Bad CONNECT");
    expect(bodies(answer)[0]).toContain("login and passcode");
    expect(client.transport.state).toBe("ended");
    expect(client.transport.isPaused).toBe(false);
  });

  it("ends its own connection alone when it meets a fault of ours", async () => {
    const broken = { ...OPEN_AUTHORITY, connect: () => Promise.reject(new TypeError("a bug")) };
    const client = (await TestBroker.open({}, { authority: broken })).dial();
    const faults: unknown[] = [];
    client.transport.failed = (error) => void faults.push(error);
    await client.ask("CONNECT", { "accept-version": "1.2", host: "/" });

    expect(faults).toEqual([new TypeError("a bug")]);
  });

  it("cuts off a client whose login nobody answers for", async () => {
    const silent = { ...OPEN_AUTHORITY, connect: () => new Promise<never>(() => undefined) };
    const broker = await TestBroker.open({ connectTimeoutMs: 5_000 }, { authority: silent });
    const client = broker.dial();
    expect(await client.ask("CONNECT", { "accept-version": "1.2", host: "/" })).toEqual([]);
    broker.clock.advance(5_000);
    client.connection.tick(broker.clock.now());

    expect(commands(await client.take())).toEqual(["ERROR"]);
    expect(client.transport.state).toBe("ended");
  });

  it("gives login and passcode to the authority, and nobody when there is none", async () => {
    const seen: unknown[] = [];
    const authority: typeof OPEN_AUTHORITY = {
      ...OPEN_AUTHORITY,
      connect: (credentials) => {
        seen.push(
          credentials.kind === "password" ? [credentials.user, credentials.password.toString()] : "nobody",
        );
        return Promise.resolve({ user: "x" });
      },
    };
    const broker = await TestBroker.open({}, { authority });
    await broker
      .dial()
      .ask("CONNECT", { "accept-version": "1.2", host: "/", login: "a", passcode: "b:c\\n" });
    await broker.dial().ask("CONNECT", { "accept-version": "1.2", host: "/" });

    expect(seen).toEqual([["a", "b:c\\n"], "nobody"]);
  });

  it("takes the default virtual host for a host name that is none, and a known one for its name", async () => {
    const broker = await TestBroker.open();
    await broker.broker.createVirtualHost("tenant");
    for (const [host, vhost] of [
      ["localhost", "/"],
      ["tenant", "tenant"],
      ["/", "/"],
    ] as const) {
      const client = broker.dial();
      await client.ask("CONNECT", { "accept-version": "1.2", host });
      expect([...broker.broker.clients].at(-1)?.vhost.name).toBe(vhost);
    }
  });

  it("refuses a virtual host that was meant and is not there", async () => {
    const { answer } = await dial("CONNECT\naccept-version:1.1\nhost://\n\n\0");

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(bodies(answer)[0]).toContain('virtual host "//"');
  });

  it("refuses other frames before CONNECT", async () => {
    const { client, answer } = await dial("SEND\ndestination:/queue/a\nreceipt:1\n\nx\0");

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "receipt-id")).toBe("1");
    expect(client.transport.state).toBe("ended");
  });

  it("refuses a second CONNECT", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();

    expect(commands(await client.ask("CONNECT", { "accept-version": "1.2", host: "/" }))).toEqual(["ERROR"]);
  });

  it("refuses more before the login than a login needs", async () => {
    const { client, answer } = await dial(`CONNECT\ncontent-length:2000\n\n`);

    expect(header(answer, "message")).toBe("Too large");
    expect(client.transport.state).toBe("ended");
  });

  it("cuts off who does not say CONNECT in time", async () => {
    const broker = await TestBroker.open({ connectTimeoutMs: 5_000 });
    const client = broker.dial();
    client.connection.tick(broker.clock.now() + 4_999);
    expect(client.transport.state).toBe("open");
    client.connection.tick(broker.clock.now() + 5_000);
    expect(client.transport.state).toBe("ended");
  });

  it("handles frames that came in the same chunk as CONNECT after the login, in order", async () => {
    const { answer } = await dial(
      "CONNECT\naccept-version:1.2\nhost:/\n\n\0BEGIN\ntransaction:a\\cb\nreceipt:1\n\n\0ABORT\ntransaction:a\\cb\nreceipt:2\n\n\0",
    );

    expect(commands(answer)).toEqual(["CONNECTED", "RECEIPT", "RECEIPT"]);
  });

  it("forgets a client whose transport went away during the login", async () => {
    const broker = await TestBroker.open();
    const client = broker.dial();
    client.send("CONNECT", { "accept-version": "1.2", host: "/" });
    client.cut();
    await client.take();

    expect(broker.broker.clients.size).toBe(0);
  });
});
