import type { ChildProcess } from 'node:child_process';

export interface Output {
  stdout: string;
  stderr: string;
}

/** Reports the end of a server's process that the test did not bring about: at once, or at the latest when it is disposed. */
export class ExitWatch {
  /** Resolves when the process has ended and its last output has arrived. cannot reject: nothing rejects it */
  readonly closed: Promise<void>;
  private readonly expected = new Set<NodeJS.Signals>();
  private isOn = false;

  constructor(
    private readonly child: ChildProcess,
    private readonly output: Output,
    onLost: (error: Error) => void = failRunningTest,
  ) {
    this.closed = new Promise((resolve) => {
      child.once('close', () => {
        if (this.isUnexpected()) onLost(this.error());
        this.isOn = false;
        resolve();
      });
    });
  }

  /** From now on; a server that does not come up is reported by whoever started it. */
  begin(): void {
    this.isOn = true;
  }

  /** The test is about to send this signal. */
  expect(signal: NodeJS.Signals): void {
    if (!hasEnded(this.child)) this.expected.add(signal);
  }

  /** @throws when the process has ended by anything else, and that is not reported yet */
  requireExpected(): void {
    if (!this.isUnexpected()) return;
    this.isOn = false;
    throw this.error();
  }

  private isUnexpected(): boolean {
    const { signalCode } = this.child;
    const isExpected = signalCode === null ? this.expected.size > 0 : this.expected.has(signalCode);
    return this.isOn && hasEnded(this.child) && !isExpected;
  }

  private error(): Error {
    const { exitCode, signalCode } = this.child;
    const lastLines = `${this.output.stdout}${this.output.stderr}`
      .trim()
      .split('\n')
      .slice(-LAST_LINES)
      .join('\n');
    return new Error(
      `Expected the server to run until the test ends it, but it ended (${signalCode ?? `exit code ${exitCode}`}). ` +
        `Its last output:\n${lastLines}`,
    );
  }
}

const LAST_LINES = 30;

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Jest adds an exception that nothing catches to the test that runs at that moment; a benchmark ends by it. */
function failRunningTest(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
