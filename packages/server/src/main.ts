import { runCommand } from "./command.ts";

// When whoever reads the log goes away, the broker stays.
for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);

process.exitCode = await runCommand(process.argv.slice(2), process);
