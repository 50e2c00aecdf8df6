/**
 * What one frame may ask of us (STOMP 1.2, Size Limits). Each is refused with BrokerError "too-large" as soon as
 * it is known to be passed, before the rest of the frame has arrived.
 */
export interface FrameLimits {
  /** Header lines in one frame. */
  readonly maxHeaderCount: number;
  /** One header line without its line end, in bytes. */
  readonly maxHeaderLineBytes: number;
  /** Command line and header lines together, in bytes. */
  readonly maxHeadBytes: number;
  /** Body, in bytes. */
  readonly maxBodyBytes: number;
}

export const defaultFrameLimits: FrameLimits = {
  maxHeaderCount: 1_000,
  maxHeaderLineBytes: 64 * 1024,
  maxHeadBytes: 256 * 1024,
  maxBodyBytes: 16 * 1024 * 1024,
};
