import { type Authority, type Engine, MemoryEngine } from "@dragoman/core";
import { type FakeClock, openTestBroker } from "@dragoman/core/testing";
import type { MqttOptions } from "../connection/options.ts";
import { mqttProtocol } from "../protocol.ts";
import { mqttPropertyCodecs } from "../translation/property-codec.ts";
import { settle, TestClient, type TestServer } from "./test-client.ts";

export interface StartedServer extends TestServer {
  readonly clock: FakeClock;
  readonly engine: Engine;
}

/** A broker on a fake clock that speaks MQTT; on an engine that another used before, it is that one restarted. */
export async function startServer(
  options: Partial<MqttOptions> = {},
  ports: { readonly engine?: Engine; readonly authority?: Authority; readonly clock?: FakeClock } = {},
): Promise<StartedServer> {
  const engine = ports.engine ?? new MemoryEngine();
  const { broker, clock } = await openTestBroker({ ...ports, engine, propertyCodecs: mqttPropertyCodecs });
  const protocol = mqttProtocol({ sysInterval: 0, ...options });
  protocol.resume?.(broker);
  return { broker, clock, engine, protocol };
}

/** A connected client. */
export async function connected(
  server: TestServer,
  ...[connect, version]: [connect?: Parameters<TestClient["connect"]>[0], version?: 3 | 4 | 5]
): Promise<TestClient> {
  const client = new TestClient(server, version);
  await client.connect(connect);
  await settle();
  return client;
}
