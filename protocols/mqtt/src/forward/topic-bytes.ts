/** Seeds the hash, so that nobody can choose topics that collide. */
const seed: number = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** A hash of the bytes from `start` to `end` (FNV-1a, seeded), not negative. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x0100_0193);
  return (hash ^ (hash >>> 15)) & 0x7fff_ffff;
}

/** True when those bytes are `known`, whole. */
export function areSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  // Backwards: topics mostly differ in their last levels.
  for (let at = length - 1; at >= 0; at--) if (known[at] !== bytes[start + at]) return false;
  return true;
}
