/**
 * What one protocol's connections have received and sent since the start: plain numbers that whoever reads or writes
 * a packet adds to. Nothing is told to anybody; who wants a rate reads twice.
 */
export class Traffic {
  bytesReceived = 0;
  bytesSent = 0;
  /** Packets, frames, commands: whatever the protocol counts in. */
  packetsReceived = 0;
  packetsSent = 0;
  messagesReceived = 0;
  messagesSent = 0;
  /** Connections that were accepted. */
  connections = 0;
}
