/** The broker cannot start. The message is for a person: what is wrong, and what would be good. */
export class StartError extends Error {
  override readonly name = "StartError";
}
