import { BrokerError, ByteReader, type Credentials, type Headers } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { readTable } from "../codec/field-table.ts";
import { textOf } from "../translation/arguments.ts";

/**
 * In the order in which we offer them; php-amqplib and py-amqp choose AMQPLAIN unless told otherwise.
 *
 * @param certifiedName of the peer's certificate: who has shown one may log in by it
 */
export function mechanismsFor(certifiedName: string | undefined): readonly string[] {
  const always = ["PLAIN", "AMQPLAIN", "ANONYMOUS"];
  return certifiedName === undefined ? always : [...always, "EXTERNAL"];
}

/**
 * What a client proves by its first response.
 *
 * @param response copied where it is kept
 * @param certifiedName of the peer's certificate, which is the user for EXTERNAL, as RabbitMQ's plugin has it when told
 *   `ssl_cert_login_from = common_name`
 * @throws AmqpError "command-invalid" for a mechanism that we did not offer
 * @throws BrokerError "bad-credentials" for a response that the mechanism cannot read
 */
export function readResponse(
  mechanism: string,
  response: Uint8Array,
  certifiedName: string | undefined,
): Credentials {
  if (mechanism === "EXTERNAL" && certifiedName !== undefined) return { kind: "proved", user: certifiedName };
  switch (mechanism) {
    case "PLAIN":
      return readPlain(Buffer.from(response));
    case "AMQPLAIN":
      return readAmqPlain(Buffer.from(response));
    case "ANONYMOUS":
      return { kind: "anonymous" };
    default:
      throw new AmqpError("command-invalid", `unknown authentication mechanism '${mechanism}'`);
  }
}

/** Authorization identity, user and password, with NUL between. RFC 4616 §2 */
function readPlain(response: Buffer): Credentials {
  const userAt = response.indexOf(0) + 1;
  const passwordAt = response.indexOf(0, userAt) + 1;
  if (userAt === 0 || passwordAt === 0) throw new BrokerError("bad-credentials", "PLAIN without user");
  return {
    kind: "password",
    user: response.toString("utf8", userAt, passwordAt - 1),
    password: response.subarray(passwordAt),
  };
}

/** A field table LOGIN, PASSWORD without its length in front, as AMQP 0-8 had it. */
function readAmqPlain(response: Buffer): Credentials {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  const fields = tableOf(Buffer.concat([length, response]));
  const user = textField(fields, "LOGIN");
  const password = textField(fields, "PASSWORD");
  return { kind: "password", user, password: Buffer.from(password) };
}

function tableOf(bytes: Buffer): Headers {
  try {
    return readTable(new ByteReader(bytes));
  } catch (cause) {
    throw new BrokerError("bad-credentials", "AMQPLAIN response is no field table", { cause });
  }
}

function textField(fields: Headers, name: string): string {
  const text = textOf(fields.find(([field]) => field === name)?.[1]);
  if (text === undefined) throw new BrokerError("bad-credentials", `AMQPLAIN without ${name}`);
  return text;
}
