/**
 * A test that fails, and whose disposal then fails too, reports both: jest prints the message of a SuppressedError and
 * nothing of the errors in it.
 */
const Plain = globalThis.SuppressedError;

globalThis.SuppressedError = class extends Plain {
  constructor(error: unknown, suppressed: unknown, message?: string) {
    super(error, suppressed, `${message}\n\nFirst: ${textOf(suppressed)}\n\nThen: ${textOf(error)}\n`);
  }
} as typeof Plain;

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
