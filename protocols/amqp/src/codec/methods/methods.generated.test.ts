// oxlint-disable-next-line eslint/no-restricted-imports -- reads the specification and the files beside it
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generate } from "../../../scripts/generate-methods.mjs";

const specification = new URL("../../../spec/amqp0-9-1.extended.xml", import.meta.url);
const output = new URL("../", import.meta.url);

describe("the method tables", () => {
  it("are what the script makes of the specification's XML", async () => {
    const files = await generate(readFileSync(specification, "utf8"));

    expect(files.size).toBe(9);
    for (const [path, text] of files) expect(readFileSync(new URL(path, output), "utf8")).toBe(text);
  });
});
