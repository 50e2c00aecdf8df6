import type { Method } from "./methods.generated.ts";

/** Payloads of method frames in hex: class, method, arguments. The reserved fields are zero. */
export const methodVectors: readonly { wire: string; want: Method }[] = [
  {
    wire: "000a 000a 00 09 00000007 0161 49 00000001 00000005 504c41494e 00000005 656e5f5553",
    want: {
      name: "connection.start",
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: [["a", { type: "int32", value: 1 }]],
      mechanisms: Buffer.from("PLAIN"),
      locales: Buffer.from("en_US"),
    },
  },
  {
    wire: "000a 001f 07ff 00020000 003c",
    want: { name: "connection.tune-ok", channelMax: 2047, frameMax: 131072, heartbeat: 60 },
  },
  { wire: "000a 0028 012f 00 00", want: { name: "connection.open", virtualHost: "/" } },
  {
    wire: "000a 0032 0140 024f4b 003c 0028",
    want: { name: "connection.close", replyCode: 320, replyText: "OK", classId: 60, methodId: 40 },
  },
  { wire: "0014 000a 00", want: { name: "channel.open" } },
  { wire: "0014 000b 00000000", want: { name: "channel.open-ok" } },
  { wire: "0014 0014 01", want: { name: "channel.flow", active: true } },
  {
    wire: "0032 000a 0000 0171 0a 00000000",
    want: {
      name: "queue.declare",
      queue: "q",
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: false,
      arguments: [],
    },
  },
  {
    wire: "003c 0028 0000 0165 016b 03",
    want: { name: "basic.publish", exchange: "e", routingKey: "k", mandatory: true, immediate: true },
  },
  {
    wire: "003c 003c 0163 0000000100000002 01 0165 016b",
    want: {
      name: "basic.deliver",
      consumerTag: "c",
      deliveryTag: 0x1_0000_0002,
      redelivered: true,
      exchange: "e",
      routingKey: "k",
    },
  },
  { wire: "003c 0050 0000000000000007 01", want: { name: "basic.ack", deliveryTag: 7, multiple: true } },
  {
    wire: "003c 0078 0000000000000007 02",
    want: { name: "basic.nack", deliveryTag: 7, multiple: false, requeue: true },
  },
  { wire: "0055 000a 01", want: { name: "confirm.select", nowait: true } },
  { wire: "005a 0014", want: { name: "tx.commit" } },
];
