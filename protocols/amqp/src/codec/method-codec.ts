import type { ByteReader, ByteWriter } from "@dragoman/core";

/** How one method stands on the wire, behind its class and method numbers. */
export interface MethodCodec<M extends { readonly name: string }> {
  readonly name: M["name"];
  readonly classId: number;
  readonly methodId: number;
  /** @throws BrokerError "malformed" */
  read(reader: ByteReader): M;
  /** @throws BrokerError "too-large" when a short string has more than 255 bytes */
  write(writer: ByteWriter, method: M): void;
}
