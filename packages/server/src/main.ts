import { setFlagsFromString } from "node:v8";
import { runCommand } from "./command.ts";

// Room for young objects grows to its largest size in one step. In the megabyte that it begins with, messages on
// their way to the disk live through two collections, become old, and cost the processor a quarter more.
setFlagsFromString("--semi-space-growth-factor=16");

// When whoever reads the log goes away, the broker stays.
for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);

process.exitCode = await runCommand(process.argv.slice(2), process);
