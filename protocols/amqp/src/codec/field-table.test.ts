import { BrokerError, ByteReader, ByteWriter, type Headers } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fieldTable } from "./field-table.arbitraries.ts";
import { MAX_DEPTH, readTable, writeTable } from "./field-table.ts";
import { checkTable } from "./field-table-check.ts";
import { refusedTables, tables, tablesReadOnly } from "./field-table.vectors.ts";

function withLength(hex: string): Buffer {
  const fields = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return new ByteWriter().uint32(fields.length).bytes(fields).finish();
}

function written(headers: Headers): Buffer {
  const writer = new ByteWriter();
  writeTable(writer, headers);
  return writer.finish();
}

/** `depth` tables (or arrays) within one another, none of them lying about its length. */
function nested(depth: number, letter: "F" | "A"): Buffer {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) {
    const head = letter === "F" || level === depth - 1 ? "\x01a" : "";
    const length = Buffer.alloc(4);
    length.writeUInt32BE(inner.length);
    inner = Buffer.concat([Buffer.from(head + letter), length, inner]);
  }
  return withLength(inner.toString("hex"));
}

describe("field tables, AMQP 0-9-1 §4.2.5.5 and RabbitMQ's errata", () => {
  test.each([...tables, ...tablesReadOnly])("reads $name", ({ wire, want }) => {
    expect(readTable(new ByteReader(withLength(wire)))).toEqual(want);
    expect(() => checkTable(withLength(wire), 0, withLength(wire).length)).not.toThrow();
  });

  test.each(tables.filter(({ name }) => name !== "any octet but 0 as true"))(
    "writes $name",
    ({ wire, want }) => {
      expect(written(want)).toEqual(withLength(wire));
    },
  );

  test.each(refusedTables)("refuses $name", ({ wire }) => {
    const bytes = Buffer.from(wire.replaceAll(" ", ""), "hex");

    expect(() => readTable(new ByteReader(bytes))).toThrow(BrokerError);
    expect(() => checkTable(bytes, 0, bytes.length)).toThrow(BrokerError);
  });

  it.each(["F", "A"] as const)("follows nesting of %s to the limit and no further", (letter) => {
    const deepest = nested(MAX_DEPTH - 1, letter);
    const tooDeep = nested(MAX_DEPTH, letter);
    const endless = nested(5_000, letter);

    expect(readTable(new ByteReader(deepest))).toHaveLength(1);
    expect(checkTable(deepest, 0, deepest.length)).toBe(deepest.length);
    for (const bytes of [tooDeep, endless]) {
      expect(() => readTable(new ByteReader(bytes))).toThrow(BrokerError);
      expect(() => checkTable(bytes, 0, bytes.length)).toThrow(BrokerError);
    }
  });

  it("gives back every table that it wrote", () => {
    fc.assert(
      fc.property(fieldTable, (headers) => {
        expect(readTable(new ByteReader(written(headers)))).toEqual(headers);
      }),
    );
  });

  it("refuses with the walk exactly what it refuses to read", () => {
    const almost = fc
      .tuple(fieldTable, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([headers, at, octet]) => {
        const bytes = Buffer.from(written(headers));
        bytes[at % bytes.length] = octet;
        return bytes;
      });

    fc.assert(
      fc.property(fc.oneof(almost, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        expect(refusal(() => checkTable(Buffer.from(bytes), 0, bytes.length))).toBe(
          refusal(() => readTable(new ByteReader(bytes))),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("writes an unsigned 64-bit integer that fits as `l`, and digits when it does not", () => {
    expect(readTable(new ByteReader(written([["a", { type: "uint64", value: 7n }]])))).toEqual([
      ["a", { type: "int64", value: 7n }],
    ]);
    expect(readTable(new ByteReader(written([["a", { type: "uint64", value: 2n ** 63n }]])))).toEqual([
      ["a", { type: "text", value: "9223372036854775808" }],
    ]);
  });

  it("refuses to write a name of more than 255 bytes", () => {
    expect(() => written([["é".repeat(128), { type: "void" }]])).toThrow(BrokerError);
  });
});

/** undefined when nothing was thrown; anything but a BrokerError is a fault of ours. */
function refusal(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
}
