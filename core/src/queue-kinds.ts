import type { Queue, QueueHost, QueueIdentity } from "./queue.ts";
import type { QueueOptions } from "./queue-options.ts";
import { Stream } from "./stream.ts";
import { WorkQueue } from "./work-queue.ts";

/** The one place that knows every kind of queue. */
export function makeQueue(identity: QueueIdentity, options: QueueOptions, host: QueueHost): Queue {
  switch (options.kind ?? "queue") {
    case "queue":
      return new WorkQueue(identity, options, host);
    case "stream":
      return new Stream(identity, options, host);
  }
}
