import { type Action, GenerationCache, type Identity, type Resource } from "@dragoman/core";
import { namePattern } from "./name-pattern.ts";
import { Password } from "./password.ts";
import { coversTopic } from "./topic-permission.ts";
import type { Access, PermissionSpec, UserSpec } from "./user.ts";

/** Verdicts that are remembered for each user. */
const REMEMBERED = 10_000;

/** Whether an action may be done to a resource of its virtual host. */
type Verdict = (resource: Resource) => boolean;

/** A user, with what it may do. */
export class Account implements Identity {
  readonly user: string;
  readonly password: Password | undefined;
  readonly loopbackOnly: boolean;
  /** By virtual host and action; undefined when nothing is forbidden. */
  readonly #verdicts: ReadonlyMap<string, ReadonlyMap<Action, Verdict>> | undefined;
  readonly #remembered = new GenerationCache<string, boolean>(REMEMBERED);

  constructor({ name, password, loopbackOnly, permissions }: UserSpec) {
    this.user = name;
    this.password = password === undefined ? undefined : new Password(password);
    this.loopbackOnly = loopbackOnly ?? false;
    this.#verdicts =
      permissions && new Map(permissions.map((permission) => [permission.virtualHost, verdicts(permission)]));
  }

  mayEnter(virtualHost: string): boolean {
    return this.#verdicts === undefined || this.#verdicts.has(virtualHost);
  }

  allows(action: Action, resource: Resource): boolean {
    if (this.#verdicts === undefined) return true;
    const question = `${action} ${resource.kind} ${resource.virtualHost}\n${resource.name}`;
    let answer = this.#remembered.get(question);
    if (answer === undefined) {
      answer = this.#verdicts.get(resource.virtualHost)?.get(action)?.(resource) ?? false;
      this.#remembered.set(question, answer);
    }
    return answer;
  }
}

function verdicts(permission: PermissionSpec): ReadonlyMap<Action, Verdict> {
  return new Map([
    ["configure", verdict(permission.configure, false)],
    ["publish", verdict(permission.publish, false)],
    ["subscribe", verdict(permission.subscribe, true)],
  ]);
}

/** @param isPattern topics are asked for as patterns, with wildcards as levels */
function verdict(access: "all" | Access | undefined, isPattern: boolean): Verdict {
  if (access === "all") return () => true;
  const topics = access?.topics ?? [];
  const queues = access?.queues?.map(namePattern) ?? [];
  const exchanges = access?.exchanges?.map(namePattern) ?? [];
  return ({ kind, name }) => {
    switch (kind) {
      case "topic":
        return topics.some((filter) => coversTopic(filter, name, isPattern));
      case "queue":
        return queues.some((matches) => matches(name));
      case "exchange":
        return exchanges.some((matches) => matches(name));
    }
  };
}
