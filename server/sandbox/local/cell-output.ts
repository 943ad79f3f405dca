import { BatchingReader } from './batching-reader.ts';
import type { Cell } from './cell.ts';
import type { OutputText } from './output.ts';

/** The two output pipes of a cell, which are read into the texts of the run that is under way. */
export class CellOutput {
  /** Resolves when both have ended. */
  readonly ended: Promise<unknown>; // cannot reject: it waits for ends
  private texts: readonly OutputText[] = [];
  private readonly pipes: readonly BatchingReader[];

  constructor({ stdout, stderr }: Pick<Cell, 'stdout' | 'stderr'>) {
    this.pipes = [stdout, stderr].map(
      (socket, index) => new BatchingReader(socket, (bytes) => this.texts[index]!.add(bytes)),
    );
    this.ended = Promise.all(this.pipes.map((pipe) => pipe.ended));
  }

  begin(stdout: OutputText, stderr: OutputText): void {
    this.texts = [stdout, stderr];
    for (const pipe of this.pipes) pipe.begin();
  }

  /** Of the run that is under way. */
  get receivedBytes(): number {
    return this.pipes.reduce((sum, pipe) => sum + pipe.receivedBytes, 0);
  }

  readWithoutRests(): void {
    for (const pipe of this.pipes) pipe.readWithoutRests();
  }

  flush(): void {
    for (const pipe of this.pipes) pipe.flush();
  }

  pause(): void {
    for (const pipe of this.pipes) pipe.pause();
  }

  resume(): void {
    for (const pipe of this.pipes) pipe.resume();
  }

  close(): void {
    for (const pipe of this.pipes) pipe.close();
  }
}
