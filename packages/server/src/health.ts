/** Which part of its life the broker is in. */
export type Health = "starting" | "ready" | "draining";

export interface HealthReport {
  readonly status: 200 | 503;
  /** JSON. */
  readonly body: string;
}

/** What `/health` answers: 200 while clients may come, 503 otherwise. */
export function healthReport(health: Health): HealthReport {
  return { status: health === "ready" ? 200 : 503, body: `${JSON.stringify({ status: health })}\n` };
}
