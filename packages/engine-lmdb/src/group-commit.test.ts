import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Committable, GroupCommit } from "./group-commit.ts";

/** A storage whose writes end when the test says so. */
class HeldStorage implements Committable {
  readonly events: string[] = [];
  #writes: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  seal(): void {
    this.events.push("seal");
  }

  write(): Promise<void> {
    this.events.push("write");
    return new Promise((resolve, reject) => void this.#writes.push({ resolve, reject }));
  }

  committed(): void {
    this.events.push("committed");
  }

  async succeed(): Promise<void> {
    this.#writes.shift()?.resolve();
    await nextTurn();
    await nextTurn();
  }

  async fail(): Promise<void> {
    this.#writes.shift()?.reject(new Error("no space"));
    await nextTurn();
  }
}

async function wait(isMet: () => boolean): Promise<void> {
  while (!isMet()) await nextTurn();
}

describe("a group commit", () => {
  it("commits what gathers in one turn of the loop at its end, all at once", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    commits.touch();
    commits.touch();
    expect(storage.events).toEqual([]);
    expect([commits.committed, commits.gathering]).toEqual([0, 1]);

    await nextTurn();
    expect(storage.events).toEqual(["seal", "write"]);
    await storage.succeed();
    expect(storage.events).toEqual(["seal", "write", "committed"]);
    expect([commits.committed, commits.gathering]).toEqual([1, 1]);
  });

  it("writes nothing any more once it is closed", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    await commits.close();
    commits.touch();
    await nextTurn();
    await nextTurn();

    expect(storage.events).toEqual([]);
  });

  it("gathers the next while one is under way, and tells of each once and in order", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    const told: number[] = [];
    commits.onCommit((batch) => void told.push(batch));
    commits.touch();
    await nextTurn();
    commits.touch();
    expect([commits.committed, commits.gathering]).toEqual([0, 2]);
    await nextTurn();
    expect(storage.events).toEqual(["seal", "write"]);

    await storage.succeed();
    expect(storage.events).toEqual(["seal", "write", "committed", "seal", "write"]);
    await storage.succeed();
    expect(told).toEqual([1, 2]);
  });

  it("begins one commit, not two, when something gathers as it tells of the last", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    const heldBy: number[] = [];
    commits.onCommit((batch) => {
      if (batch > 1) return;
      commits.touch();
      heldBy.push(commits.gathering);
    });
    commits.touch();
    await nextTurn();
    await storage.succeed();
    await nextTurn();

    expect(heldBy).toEqual([2]);
    expect(storage.events).toEqual(["seal", "write", "committed", "seal", "write"]);
    expect([commits.committed, commits.gathering]).toEqual([1, 2]);
  });

  it("tries a commit that failed again until it succeeds, and tells of nothing before", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    const [told, causes]: [number[], unknown[]] = [[], []];
    commits.onCommit((batch) => void told.push(batch));
    commits.onFailure((cause) => void causes.push(cause));
    commits.touch();
    await nextTurn();
    await storage.fail();
    await wait(() => storage.events.length === 3);
    await storage.fail();
    await wait(() => storage.events.length === 4);

    expect(storage.events).toEqual(["seal", "write", "write", "write"]);
    expect([told, causes.length, commits.committed]).toEqual([[], 2, 0]);
    await storage.succeed();
    expect(told).toEqual([1]);
  });

  it("closes when everything is committed, at once when nothing waits", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 1);
    commits.touch();
    const closing = commits.close();
    await nextTurn();
    await storage.succeed();

    await expect(closing).resolves.toBeUndefined();
    await expect(new GroupCommit(storage, 1).close()).resolves.toBeUndefined();
  });

  it("does not close as if all were well when the last commit fails", async () => {
    const storage = new HeldStorage();
    const commits = new GroupCommit(storage, 60_000);
    commits.touch();
    await nextTurn();
    await storage.fail();
    const closing = commits.close();
    void closing.catch(() => undefined);
    await wait(() => storage.events.length === 3);
    await storage.fail();

    await expect(closing).rejects.toMatchObject({ code: "unavailable" });
  });
});
