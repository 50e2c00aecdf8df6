/** The latencies that half, 99 % and 99.9 % of the messages kept, in microseconds. */
export function percentiles(latenciesMs: readonly number[]): { p50: number; p99: number; p999: number } {
  const sorted = Float64Array.from(latenciesMs).toSorted();
  const at = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 1000;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
