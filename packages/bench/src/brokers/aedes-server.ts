import { createServer, type Socket } from "node:net";

/** What we use of aedes, which is not among our dependencies. */
interface AedesModule {
  readonly Aedes: { createBroker(options: object): Promise<{ readonly handle: (socket: Socket) => void }> };
}

const name = "aedes";
const module: AedesModule = await import(name);
const { handle } = await module.Aedes.createBroker({ concurrency: 10_000, queueLimit: 100_000 });
createServer({ noDelay: true }, handle).listen(Number(process.argv[2]), "127.0.0.1");
