// Tries mutations of valid frames on the codec, and mutated dialogues on the connection: nothing but protocol errors may
// come of them, and no memory may stay behind. Prints the figures. Ends with 1 when it did not hold.
//
//   node protocols/stomp/scripts/fuzz.mjs [mutations=1000000] [dialogues=20000]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const [mutations = "1000000", dialogues = "20000"] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "protocols/stomp/src/codec/fuzz.test.ts",
    "protocols/stomp/src/connection/fuzz.test.ts",
    "--execArgv=--expose-gc",
    "--reporter=verbose",
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, DRAGOMAN_FUZZ: mutations, DRAGOMAN_FUZZ_DIALOGUES: dialogues },
  },
);
process.exit(status ?? 1);
