import { FRAME_END, FRAME_HEARTBEAT } from "./constants.generated.ts";

/** A whole heartbeat frame: eight bytes, as "Heartbeat format" in RabbitMQ's errata to AMQP 0-9-1 has it. */
export const HEARTBEAT: Uint8Array = Uint8Array.of(FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END);
