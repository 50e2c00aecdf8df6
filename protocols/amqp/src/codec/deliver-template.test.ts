import { ByteWriter } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeContent } from "./content.ts";
import { DeliverTemplate } from "./deliver-template.ts";
import { shortString } from "./field-table.arbitraries.ts";
import { writeMethod } from "./method.ts";

const delivery = fc.record({
  deliveryTag: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  properties: fc.constantFrom(Buffer.from([0, 0]), Buffer.from([0x10, 0, 2])),
  body: fc.uint8Array({ maxLength: 60 }),
});

describe("the template of a basic.deliver", () => {
  it("writes what the encoders of method and content write", () => {
    fc.assert(
      fc.property(
        fc.tuple(shortString, shortString, shortString),
        fc.constantFrom(0, 20, 4096),
        fc.array(delivery, { minLength: 1, maxLength: 4 }),
        ([consumerTag, exchange, routingKey], frameMax, deliveries) => {
          const template = new DeliverTemplate(7, consumerTag, exchange, routingKey);
          const plain = new ByteWriter();
          const copied = new ByteWriter();
          for (const { deliveryTag, properties, body } of deliveries) {
            const fields = { consumerTag, deliveryTag, redelivered: false, exchange, routingKey };
            writeMethod(plain, 7, { name: "basic.deliver", ...fields });
            writeContent(plain, 7, properties, body, frameMax);
            template.write(copied, deliveryTag, properties, body, frameMax);
          }

          expect(copied.finish()).toEqual(plain.finish());
        },
      ),
    );
  });
});
