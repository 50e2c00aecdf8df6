import type { Transport, VirtualHost, Window } from "@dragoman/core";
import type { MqttOptions } from "./options.ts";
import type { PacketSender } from "./packet-sender.ts";
import type { PublishSender } from "./publish-sender.ts";
import type { SessionState } from "./session-state.ts";

/** Bytes waiting for the peer above which queues hold their messages back. */
export const highWaterBytes: number = 256 * 1024;

/** What the way to one client needs. */
export interface OutgoingPorts {
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly publishes: PublishSender;
  readonly state: SessionState;
  /** The client's Receive Maximum [MQTT-3.3.4-9], [MQTT-4.9.0-1], [MQTT-4.9.0-2]; paused while the transport is full. */
  readonly window: Window;
  /** Within the window, of those who consume from queues; paused while retained messages go first. */
  readonly queueGate: Window;
  readonly vhost: VirtualHost;
  readonly options: MqttOptions;
  /** Sends the PUBREL when the end of the message's stay in its queue is on stable storage, if it had any. */
  releaseSafely(packetId: number, isStored: boolean): void;
  /** Sends the PUBLISH of QoS 2 when its identifier is on stable storage. */
  publishSafely(packetId: number): void;
}

/** After something was sent: no more until the transport has taken it. */
export function pauseWhenFull({ sender, window }: Pick<OutgoingPorts, "sender" | "window">): void {
  if (sender.waitingBytes > highWaterBytes) window.pause();
}
