/* oxlint-disable typescript/switch-exhaustiveness-check -- a judge has a case only where its words differ */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";
import { ByteWriter, type Headers, type Value } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeContent } from "../../protocols/amqp/src/codec/content.ts";
import { fieldTable } from "../../protocols/amqp/src/codec/field-table.arbitraries.ts";
import { writeTable } from "../../protocols/amqp/src/codec/field-table.ts";
import { decodeMethod, methodNumbers, writeMethod } from "../../protocols/amqp/src/codec/method.ts";
import { anyMethod } from "../../protocols/amqp/src/codec/methods/methods.arbitraries.ts";
import type { Method } from "../../protocols/amqp/src/codec/methods/methods.generated.ts";
import { basicProperties } from "../../protocols/amqp/src/codec/properties.arbitraries.ts";
import { type BasicProperties, encodeProperties } from "../../protocols/amqp/src/codec/properties.ts";
import { PropertyList } from "../../protocols/amqp/src/codec/property-list.ts";

/** amqplib keeps its codec to itself, so it is loaded by its place beside the public entry. */
interface AmqplibDefs {
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(classId: number, channel: number, size: number, fields: object): Buffer;
}
interface AmqplibFrame {
  parseFrame(bytes: Buffer, max: number): { rest: Buffer } | false;
  decodeFrame(frame: object): { id: number; channel: number; fields: Record<string, unknown> };
}
const require = createRequire(import.meta.url);
const amqplib = join(dirname(require.resolve("amqplib")), "lib");
const theirDefs = require(join(amqplib, "defs.js")) as AmqplibDefs;
const theirFrame = require(join(amqplib, "frame.js")) as AmqplibFrame;

const RUNS = 2_000;

/**
 * What both judges can say. A JavaScript object has each name once and puts numbers first; amqplib writes
 * decimals without a sign.
 */
const plainTable = fieldTable.map((headers) => plain(headers));

function plain(headers: Headers): Headers {
  return headers.map(([name, value], at) => [`k${at}${name}`, plainValue(value)]);
}

function plainValue(value: Value): Value {
  switch (value.type) {
    case "decimal":
      return { ...value, unscaled: value.unscaled < 0 ? ~value.unscaled : value.unscaled };
    case "table":
      return { type: "table", value: plain(value.value) };
    case "array":
      return { type: "array", value: value.value.map(plainValue) };
    default:
      return value;
  }
}

function plainFields<T extends object>(fields: T): T {
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    Array.isArray(field) ? plain(field as Headers) : (field as unknown),
  ]);
  return Object.fromEntries(entries) as T;
}

/** In amqplib's words, each number with its type. */
function amqplibTable(headers: Headers): object {
  return Object.fromEntries(headers.map(([name, value]) => [name, amqplibValue(value)]));
}

function amqplibValue(value: Value): unknown {
  switch (value.type) {
    case "void":
      return null;
    case "boolean":
    case "text":
    case "bytes":
      return value.value;
    case "table":
      return amqplibTable(value.value);
    case "array":
      return value.value.map(amqplibValue);
    case "decimal":
      return { "!": "decimal", value: { places: value.scale, digits: value.unscaled } };
    case "float32":
      return { "!": "float", value: value.value };
    default:
      return { "!": value.type, value: value.value };
  }
}

function amqplibFields(method: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(method).map(([name, field]) => [
      name === "noWait" ? "nowait" : name,
      Array.isArray(field) ? amqplibTable(field as Headers) : (field as unknown),
    ]),
  );
}

function ourFrame(channel: number, method: Method): Buffer {
  const writer = new ByteWriter();
  writeMethod(writer, channel, method);
  return writer.finish();
}

function amqplibId(name: Method["name"]): number {
  const { classId, methodId } = methodNumbers(name);
  return classId * 0x1_0000 + methodId;
}

describe("our AMQP codec and amqplib's", () => {
  const method = anyMethod.map((each) => plainFields(each));
  const channel = fc.integer({ min: 0, max: 65_535 });

  it("write the same bytes for every method", () => {
    fc.assert(
      fc.property(method, channel, (each, number) => {
        const theirs = theirDefs.encodeMethod(amqplibId(each.name), number, amqplibFields(each));

        expect(ourFrame(number, each).equals(theirs)).toBe(true);
        expect(decodeMethod(theirs.subarray(7, -1))).toEqual(each);
      }),
      { numRuns: RUNS },
    );
  });

  it("read the same fields from every method", () => {
    fc.assert(
      fc.property(method, channel, (each, number) => {
        const bytes = ourFrame(number, each);
        const parsed = theirFrame.parseFrame(bytes, 0);
        if (parsed === false) throw new Error("amqplib wants more bytes");
        const theirs = theirFrame.decodeFrame(parsed);

        expect(parsed.rest).toHaveLength(0);
        expect(theirs).toMatchObject({ id: amqplibId(each.name), channel: number });
        const { name: _, ...fields } = each;
        const scalars = Object.entries(amqplibFields(fields)).filter(([, field]) => !isTable(field));
        expect(theirs.fields).toMatchObject(Object.fromEntries(scalars));
      }),
      { numRuns: RUNS },
    );
  });

  it("write the same content header for every set of properties", () => {
    fc.assert(
      fc.property(basicProperties.map(plainFields), channel, (properties, number) => {
        const exact = { ...properties, ...safeTimestamp(properties) };
        const writer = new ByteWriter();
        writeContent(writer, number, encodeProperties(exact), Buffer.alloc(0), 0);
        const fields = { ...amqplibFields(exact), ...numericTimestamp(exact) };

        expect(writer.finish().equals(theirDefs.encodeProperties(60, number, 0, fields))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

function isTable(field: unknown): boolean {
  return typeof field === "object" && !Buffer.isBuffer(field);
}

function safeTimestamp({ timestamp }: BasicProperties): BasicProperties {
  return timestamp === undefined ? {} : { timestamp: timestamp % 2n ** 40n };
}

function numericTimestamp({ timestamp }: BasicProperties): { timestamp?: number } {
  return timestamp === undefined ? {} : { timestamp: Number(timestamp) };
}

describe("our AMQP codec and @cloudamqp/amqp-client's", () => {
  it("read the same field tables", () => {
    fc.assert(
      fc.property(plainTable.filter(isForClient), (headers) => {
        const writer = new ByteWriter();
        writeTable(writer, headers);
        const bytes = Uint8Array.from(writer.finish());
        const [theirs, byteCount] = new AMQPView(bytes.buffer).getTable(0);

        expect(byteCount).toBe(bytes.length);
        expect(theirs).toEqual(clientTable(headers));
      }),
      { numRuns: RUNS },
    );
  });

  it("read each other's properties", () => {
    // It takes an empty text, an empty priority and an epoch of 0 for absent, and knows no cluster-id.
    const present = basicProperties.map((properties) => {
      const entries = Object.entries(plainFields(properties)).filter(
        ([name, value]) => Boolean(value) && name !== "clusterId" && name !== "headers",
      );
      const kept: BasicProperties = Object.fromEntries(entries);
      return { ...kept, ...safeTimestamp(kept) };
    });

    fc.assert(
      fc.property(present, (properties) => {
        const wire = Uint8Array.from(encodeProperties(properties));
        const [theirs, byteCount] = new AMQPView(wire.buffer).getProperties(0);
        expect(byteCount).toBe(wire.length);
        expect({ ...theirs, ...(theirs.timestamp && { timestamp: seconds(theirs.timestamp) }) }).toEqual(
          properties,
        );

        const back = new AMQPView(new ArrayBuffer(4096));
        const written = back.setProperties(0, theirs);
        const list = new PropertyList(new Uint8Array(back.buffer, 0, written));
        expect(list.bytes.equals(wire)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

function seconds(date: Date): bigint {
  return BigInt(date.getTime() / 1000);
}

/** It has no decimals, warns over 2^53, and reads times as dates, which end in the year 275760. */
function isForClient(headers: Headers): boolean {
  return headers.every(([, value]) => isValueForClient(value));
}

function isValueForClient(value: Value): boolean {
  if (value.type === "table") return isForClient(value.value);
  if (value.type === "array") return value.value.every(isValueForClient);
  if (value.type === "timestamp") return value.value < 2n ** 40n;
  return value.type !== "decimal";
}

function clientTable(headers: Headers): Record<string, unknown> {
  return Object.fromEntries(headers.map(([name, value]) => [name, clientValue(value)]));
}

function clientValue(value: Value): unknown {
  switch (value.type) {
    case "void":
      return null;
    case "table":
      return clientTable(value.value);
    case "array":
      return value.value.map(clientValue);
    case "int64":
      return Number(value.value);
    case "timestamp":
      return new Date(Number(value.value) * 1000);
    case "bytes":
      return Uint8Array.from(value.value);
    case "decimal":
      throw new Error("filtered above");
    default:
      return value.value;
  }
}
