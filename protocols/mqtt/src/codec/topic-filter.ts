import { BrokerError } from "@dragoman/core";

/** A Topic Filter, taken apart as far as MQTT 5.0 §4.8.2 asks. */
export interface TopicFilter {
  /** Share Name; undefined for a subscription of one's own. */
  readonly group: string | undefined;
  /** What the topics must match, without `$share/<group>/`. */
  readonly filter: string;
}

const sharePrefix = "$share/";

/**
 * Checks a filter in full: its wildcards and, where it is shared, its group.
 *
 * @throws BrokerError "malformed" when no subscription can have it: empty [MQTT-4.7.3-1], `#` not last or not alone
 *   in its level [MQTT-4.7.1-1], `+` not alone in its level [MQTT-4.7.1-2]; "protocol-violation", as Mosquitto has it
 *   and the specification leaves open, for a share without name or filter [MQTT-4.8.2-1], [MQTT-4.8.2-2]
 */
export function parseTopicFilter(text: string): TopicFilter {
  if (text !== "$share" && !text.startsWith(sharePrefix)) {
    checkLevels(text);
    return { group: undefined, filter: text };
  }
  const slash = text.indexOf("/", sharePrefix.length);
  const group = slash < 0 ? "" : text.slice(sharePrefix.length, slash);
  if (group === "" || group.includes("+") || group.includes("#")) {
    throw new BrokerError(
      "protocol-violation",
      `"${text}" names no share group [MQTT-4.8.2-1] [MQTT-4.8.2-2]`,
    );
  }
  const filter = text.slice(slash + 1);
  if (filter === "") throw new BrokerError("protocol-violation", `"${text}" shares nothing [MQTT-4.8.2-2]`);
  checkLevels(filter);
  return { group, filter };
}

function checkLevels(filter: string): void {
  if (filter === "") throw new BrokerError("malformed", "topic filter is empty [MQTT-4.7.3-1]");
  for (let at = 0; at < filter.length; at++) {
    const character = filter[at];
    if (character !== "+" && character !== "#") continue;
    const startsLevel = at === 0 || filter[at - 1] === "/";
    const endsLevel = at === filter.length - 1 || (character === "+" && filter[at + 1] === "/");
    if (!startsLevel || !endsLevel) {
      throw new BrokerError(
        "malformed",
        `"${filter}": ${character} is out of place [MQTT-4.7.1-1] [MQTT-4.7.1-2]`,
      );
    }
  }
}
