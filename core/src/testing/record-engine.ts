import type { Engine, LogEntry, LogRead, MessageLog, QueueLog } from "../engine.ts";
import { MemoryEngine } from "../memory-engine.ts";
import { encodeMessage } from "../message-record.ts";

/** An engine in memory that gives messages back as an engine on disk does: made anew of their records. */
export class RecordEngine extends MemoryEngine implements Engine {
  override readonly log: MessageLog = new RecordLog(new MemoryEngine().log);
}

class RecordLog implements MessageLog {
  readonly #log: MessageLog;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  open(queue: string): QueueLog {
    const log = this.#log.open(queue);
    return {
      append: (entry) => log.append(entry),
      remove: (entry) => log.remove(entry),
      mark: (entry) => log.mark(entry),
      removeRange: (range) => log.removeRange(range),
      lanes: () => log.lanes(),
      drop: () => log.drop(),
      read: async (request) => (await log.read(request)).map((entry) => reread(entry, request)),
    };
  }
}

function reread(entry: LogEntry, request: LogRead): LogEntry {
  const { lane, position, via, expiresAtMs, deliveryCount, reference } = entry;
  const record = encodeMessage(entry.message);
  const message = request.decode(record, 0, record.length);
  return { lane, position, message, via, expiresAtMs, deliveryCount, reference };
}
