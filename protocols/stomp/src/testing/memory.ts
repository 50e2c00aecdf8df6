/** A broker's tables and the interpreter's own bookkeeping move by less than this, however long it ran. */
export const maxGrowthBytes: number = 32 * 1024 * 1024;

/** What node's `process` can tell. */
interface Measured {
  memoryUsage(): { readonly heapUsed: number; readonly external: number };
}

/**
 * Bytes in use, on the heap and in buffers, without what waits to be collected.
 * 0 where the collector cannot be called (`node --expose-gc`): growth is then not judged.
 */
export function memoryInUse(process: Measured): number {
  if (globalThis.gc === undefined) return 0;
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
