import type { Job } from "../flow.ts";
import { runFlow } from "./run-flow.ts";
import { runIdle } from "./run-idle.ts";

// The process that makes the load: takes its job as JSON in the first argument, writes the outcome as JSON.
const job = parseJob(process.argv[2] ?? "");
const outcome = job.flow === "idle" ? await runIdle(job) : await runFlow(job.flow, job);
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));

function parseJob(text: string): Job {
  const value: Job = JSON.parse(text);
  return value;
}
