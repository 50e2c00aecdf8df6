import { setFlagsFromString } from "node:v8";

// Room for young objects grows to its largest size in two steps. In the megabyte that it begins with, messages on
// their way to the disk live through two collections and become old; then they hold each other until a collection of
// the whole heap, for as long as the load goes on: a third more of the processor. Before anything else is loaded,
// since loading fills that room already.
setFlagsFromString("--semi-space-growth-factor=8");
const { runCommand } = await import("./command.ts");

// When whoever reads the log goes away, the broker stays.
for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);

process.exitCode = await runCommand(process.argv.slice(2), process);
