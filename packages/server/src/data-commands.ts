import { resolve } from "node:path";
import { BrokerError } from "@dragoman/core";
import { backUpDirectory, checkDirectory } from "@dragoman/engine-lmdb";
import type { Configuration } from "./configuration/configuration.ts";
import type { Output } from "./log.ts";
import { PROPERTY_CODECS } from "./protocols.ts";
import { StartError } from "./start-error.ts";

/**
 * `dragoman check`: says what the data directory holds.
 *
 * @throws StartError when it cannot be read, or is not sound
 */
export async function check({ dataDir }: Configuration, stdout: Output): Promise<void> {
  const report = await forPeople(checkDirectory(resolve(dataDir), PROPERTY_CODECS));
  const { queues, messages, byteCount, problems } = report;
  for (const problem of problems) stdout.write(`${problem}\n`);
  stdout.write(`${dataDir}: ${queues} queues, ${messages} messages of ${byteCount} bytes in all\n`);
  if (problems.length > 0) throw new StartError(`the data directory has ${problems.length} problems`);
}

/**
 * `dragoman backup`: copies the data directory.
 *
 * @param target undefined when none was named
 * @throws StartError when it cannot be copied
 */
export async function backUp(
  { dataDir }: Configuration,
  target: string | undefined,
  stdout: Output,
): Promise<void> {
  if (target === undefined) throw new StartError("backup wants --to <directory>");
  await forPeople(backUpDirectory(resolve(dataDir), resolve(target)));
  stdout.write(`${dataDir} is copied to ${target}\n`);
}

async function forPeople<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BrokerError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}
