import { ByteWriter } from "@dragoman/core";
import { writeMethod } from "./method.ts";

/** Frame head, class and method number, and the length of the consumer tag. */
const BYTES_BEFORE_TAG_TEXT = 12;

/**
 * The method frame of a basic.deliver that differs from one delivery to the next in its delivery tag only:
 * encoded once for a consumer and an address, then copied and patched.
 */
export class DeliverTemplate {
  readonly #frame: Buffer;
  readonly #deliveryTagAt: number;

  /** @throws BrokerError "too-large" when a text has more than 255 bytes */
  constructor(channel: number, consumerTag: string, exchange: string, routingKey: string) {
    const writer = new ByteWriter();
    const fields = { consumerTag, deliveryTag: 0, redelivered: false, exchange, routingKey };
    writeMethod(writer, channel, { name: "basic.deliver", ...fields });
    this.#frame = writer.finish();
    this.#deliveryTagAt = BYTES_BEFORE_TAG_TEXT + Buffer.byteLength(consumerTag);
  }

  /** Appends the frame of a first delivery. */
  write(writer: ByteWriter, deliveryTag: number): void {
    const at = writer.length + this.#deliveryTagAt;
    writer.bytes(this.#frame);
    writer.setUint32(at, Math.floor(deliveryTag / 0x1_0000_0000));
    writer.setUint32(at + 4, deliveryTag % 0x1_0000_0000);
  }
}
