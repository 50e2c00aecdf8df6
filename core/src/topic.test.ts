import fc from "fast-check";
import { expect, test } from "vitest";
import { Topic, TopicTable, tradeSeparators } from "./topic.ts";

const paths = fc.string({ unit: fc.constantFrom("/", ".", "a", "é", "$", " "), maxLength: 12 });

test("path and routing key are each other's mirror, whatever dots and slashes there are", () => {
  fc.assert(
    fc.property(paths, (path) => {
      expect(tradeSeparators(tradeSeparators(path))).toBe(path);
      const topics = new TopicTable();
      expect(topics.fromKey(topics.fromPath(path).key)).toBe(topics.fromPath(path));
    }),
  );
});

test("a dot inside of a level survives the routing key", () => {
  const topic = new TopicTable().fromPath("site/10.0.0.1/temp");
  expect(topic.key).toBe("site.10/0/0/1.temp");
  expect(topic.levels).toEqual(["site", "10.0.0.1", "temp"]);
});

test("the same spelling gives the same topic", () => {
  const topics = new TopicTable();
  expect(topics.fromPath("a/b")).toBe(topics.fromPath("a/b"));
  expect(topics.fromKey("a.b")).toBe(topics.fromPath("a/b"));
});

test("the table forgets topics that are not used", () => {
  const topics = new TopicTable(8);
  const first = topics.fromPath("first");
  for (let i = 0; i < 100; i++) topics.fromPath(`other/${i}`);
  expect(topics.fromPath("first")).not.toBe(first);
});

test("the table does not fill up with topics of thousands of characters", () => {
  const topics = new TopicTable();
  const path = "/".repeat(2_000);
  expect([topics.fromPath(path).path, topics.fromKey(".".repeat(2_000)).path]).toEqual([path, path]);
  expect(topics.fromPath(path)).not.toBe(topics.fromPath(path));
  expect(topics.fromKey(path)).not.toBe(topics.fromKey(path));
});

test("empty levels are levels, and no path is no level", () => {
  expect(new Topic("").levels).toEqual([]);
  expect(new Topic("/").levels).toEqual(["", ""]);
  expect([new Topic("$SYS/a").isReserved, new Topic("a/$SYS").isReserved]).toEqual([true, false]);
});
