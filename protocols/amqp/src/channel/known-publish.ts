import type { ChunkCopies } from "@dragoman/core";
import type { BasicPublish } from "../codec/methods/basic.generated.ts";
import { sameBytes, viewOf } from "../codec/same-bytes.ts";
import type { WholeContent } from "../codec/whole-content.ts";
import type { Publication } from "../translation/publication.ts";
import type { Channel } from "./channel.ts";

const noBytes = new DataView(new ArrayBuffer(0));

/**
 * A basic.publish that has come on a channel and will probably come again, byte for byte: it is recognised by its
 * bytes and not decoded. So are the properties that came with it last.
 */
export class KnownPublish {
  readonly channel: Channel;
  readonly method: BasicPublish;
  /** The whole method frame. */
  readonly frame: DataView;
  #properties: DataView = noBytes;
  #publication: Publication | undefined;

  /** @param frame the whole method frame, in bytes of its own */
  constructor(channel: Channel, method: BasicPublish, frame: Uint8Array) {
    this.channel = channel;
    this.method = method;
    this.frame = viewOf(frame);
  }

  /** True when the frame that begins at `at` is this one. */
  isAt(bytes: DataView, at: number, end: number): boolean {
    return at + this.frame.byteLength <= end && sameBytes(bytes, at, this.frame);
  }

  /**
   * What it means with the properties of `content`.
   *
   * @throws AmqpError, BrokerError as `readPublication` does
   */
  publication(chunk: Uint8Array, view: DataView, content: WholeContent, copies: ChunkCopies): Publication {
    const { propertiesAt, propertiesEnd } = content;
    const known = this.#publication;
    if (
      known !== undefined &&
      propertiesEnd - propertiesAt === this.#properties.byteLength &&
      sameBytes(view, propertiesAt, this.#properties)
    ) {
      return known;
    }
    const properties = copies.take(chunk, propertiesAt, propertiesEnd);
    const publication = this.channel.publisher.read(this.method, properties);
    this.#publication = publication.isLasting ? publication : undefined;
    this.#properties = viewOf(properties);
    return publication;
  }
}
