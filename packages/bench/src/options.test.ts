import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

describe("options of the benchmark", () => {
  it("measure for three seconds, in the short form for one, and what is asked for instead", () => {
    expect(readOptions([])).toMatchObject({ seconds: 3, backlog: undefined });
    expect(readOptions(["--short"])).toMatchObject({ seconds: 1 });
    expect(readOptions(["--seconds", "0.5", "--backlog", "1e6"])).toMatchObject({
      seconds: 0.5,
      backlog: 1_000_000,
    });
  });

  it.each([
    ["--backlog", "abc"],
    ["--backlog", ""],
    ["--backlog", "-5"],
    ["--backlog", "1.5"],
    ["--seconds", "abc"],
    ["--seconds", "0"],
    ["--seconds", "Infinity"],
  ])("are refused with what they should be: %s %j", (option, text) => {
    expect(() => readOptions([`${option}=${text}`])).toThrow(new RegExp(`^${option} is .* not "${text}"$`));
  });
});
