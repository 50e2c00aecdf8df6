/** Names of things of one kind that an action is allowed for. */
export interface Access {
  /** MQTT topic filters: `+` stands for one level, a final `#` for any number of levels. */
  readonly topics?: readonly string[] | undefined;
  /** Names in which `*` stands for any characters. */
  readonly queues?: readonly string[] | undefined;
  /** Names in which `*` stands for any characters. */
  readonly exchanges?: readonly string[] | undefined;
}

/** What a user may do in one virtual host; an action that is not named is not allowed. */
export interface PermissionSpec {
  readonly virtualHost: string;
  /** Create and delete. */
  readonly configure?: "all" | Access | undefined;
  readonly publish?: "all" | Access | undefined;
  /** Subscribe, consume and browse. */
  readonly subscribe?: "all" | Access | undefined;
}

/** The name of the user that clients are which do not log in. */
export const ANONYMOUS = "anonymous";

export interface UserSpec {
  readonly name: string;
  /** Plain, or as `dragoman hash-password` prints it. Only `anonymous` has none. */
  readonly password?: string | undefined;
  /** Refused from other machines. */
  readonly loopbackOnly?: boolean | undefined;
  /** Without it, everything in every virtual host. */
  readonly permissions?: readonly PermissionSpec[] | undefined;
}
