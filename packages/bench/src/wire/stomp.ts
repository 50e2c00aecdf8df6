import { Link } from "../load/link.ts";
import type { FrameTemplate } from "./wire.ts";
import { openWebSocket } from "./web-socket.ts";

/** STOMP 1.2 by hand. */
export async function openStomp(port: number, webSocket: boolean): Promise<Link> {
  const link = webSocket ? await openWebSocket(port, "/stomp", "v12.stomp") : await Link.open(port);
  link.write(
    Buffer.from("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n\0"),
  );
  const answer = await link.answer(endOfFrame);
  if (!answer.includes("CONNECTED")) throw new Error(`refused: ${answer.toString()}`);
  return link;
}

/** @param prefetch 0 for automatic acknowledgement, otherwise `client-individual` */
export async function subscribeStomp(link: Link, destination: string, prefetch: number): Promise<void> {
  const ack = prefetch === 0 ? "ack:auto" : `ack:client-individual\nprefetch-count:${prefetch}`;
  link.write(Buffer.from(`SUBSCRIBE\nid:s\ndestination:${destination}\n${ack}\nreceipt:r\n\n\0`));
  const answer = await link.answer(endOfFrame);
  if (!answer.includes("RECEIPT")) throw new Error(`refused: ${answer.toString()}`);
}

export function sendFrame(destination: string, body: Buffer): FrameTemplate {
  const head = Buffer.from(`SEND\ndestination:${destination}\ncontent-length:${body.length}\n\n`);
  return { bytes: Buffer.concat([head, body, Buffer.from([0])]), bodyAt: head.length, packetIdAt: -1 };
}

/** A whole frame without NUL in its body, and line ends in front of it. */
function endOfFrame(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).indexOf(0) + 1;
}
