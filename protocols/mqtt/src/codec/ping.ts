/** MQTT 5.0 §3.12. */
export interface Pingreq {
  readonly type: "pingreq";
}

/** MQTT 5.0 §3.13. */
export interface Pingresp {
  readonly type: "pingresp";
}

export const pingreq: Pingreq = { type: "pingreq" };
export const pingresp: Pingresp = { type: "pingresp" };

/** The same two bytes every time: not to be changed by who receives them. */
export const pingreqBytes: Buffer = Buffer.of(0xc0, 0);
export const pingrespBytes: Buffer = Buffer.of(0xd0, 0);
