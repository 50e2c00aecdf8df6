import { BrokerError, type ErrorCode } from "@dragoman/core";

/** An error that has a better short description than its code: what ERROR's `message` header says. */
export class StompError extends BrokerError {
  readonly summary: string;

  constructor(code: ErrorCode, summary: string, message: string) {
    super(code, message);
    this.summary = summary;
  }
}
