import fc from "fast-check";
import { fieldTable, shortString } from "./field-table.arbitraries.ts";
import type { BasicProperties } from "./properties.ts";

const octet = fc.integer({ min: 0, max: 255 });

/** Any subset of the fourteen. */
export const basicProperties: fc.Arbitrary<BasicProperties> = fc.record(
  {
    contentType: shortString,
    contentEncoding: shortString,
    headers: fieldTable,
    deliveryMode: octet,
    priority: octet,
    correlationId: shortString,
    replyTo: shortString,
    expiration: shortString,
    messageId: shortString,
    timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    type: shortString,
    userId: shortString,
    appId: shortString,
    clusterId: shortString,
  },
  { requiredKeys: [] },
);
