import { BlockList, isIPv4, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** True for an address of this machine that other machines cannot reach; `localhost` counts as one. */
export function isLoopback(address: string): boolean {
  if (address === "localhost") return true;
  if (isIPv4(address)) return loopback.check(address, "ipv4");
  // An IPv4 peer of an IPv6 listener appears as ::ffff:127.0.0.1; the list knows that form.
  return isIPv6(address) && loopback.check(address, "ipv6");
}
