import { expect, it } from "vitest";
import { table } from "./table.ts";

it("lines columns up, numbers to the right", () => {
  const text = table(
    ["name", "n"],
    [
      ["one", "1"],
      ["fourteen", "1,400"],
    ],
  );

  expect(text.split("\n")).toEqual([
    "| name     |     n |",
    "| -------- | ----: |",
    "| one      |     1 |",
    "| fourteen | 1,400 |",
  ]);
});
