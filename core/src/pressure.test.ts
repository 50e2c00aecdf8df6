import { expect, test } from "vitest";
import { Pressure } from "./pressure.ts";

test("listeners are told when pressure begins and when its last cause is gone", () => {
  const pressure = new Pressure();
  const heard: boolean[] = [];
  const stop = pressure.listen((isOn) => void heard.push(isOn));

  pressure.raise("memory");
  pressure.raise("disk");
  expect(pressure.reason).toBe("low on memory, low on disk");
  pressure.ease("memory");
  pressure.raise("disk");
  expect(pressure.isOn).toBe(true);
  pressure.ease("disk");
  pressure.ease("disk");

  expect(heard).toEqual([true, false]);
  expect(pressure.reason).toBe("");
  stop();
  pressure.raise("disk");
  expect(heard).toHaveLength(2);
});
