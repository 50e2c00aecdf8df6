import { ByteWriter } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeliverTemplate } from "./deliver-template.ts";
import { shortString } from "./field-table.arbitraries.ts";
import { writeMethod } from "./method.ts";

describe("the template of a basic.deliver", () => {
  it("writes what the method's own encoder writes", () => {
    const tag = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

    fc.assert(
      fc.property(
        shortString,
        tag,
        shortString,
        shortString,
        (consumerTag, deliveryTag, exchange, routingKey) => {
          const fields = { consumerTag, deliveryTag, redelivered: false, exchange, routingKey };
          const plain = new ByteWriter();
          writeMethod(plain, 7, { name: "basic.deliver", ...fields });
          const copied = new ByteWriter();
          new DeliverTemplate(7, consumerTag, exchange, routingKey).write(copied, deliveryTag);

          expect(copied.finish()).toEqual(plain.finish());
        },
      ),
    );
  });
});
