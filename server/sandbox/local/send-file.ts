import type { FileRefusal, RunFile } from '../backend.ts';
import type { CellFrame } from '../frames.ts';
import type { CellChannel } from './channel.ts';

/**
 * Sends a file to the cell that opens it, as fast as the cell writes it into its folder; python/artifacts.py has the
 * other side. Ends early when the cell does.
 */
export async function sendFile(
  channel: CellChannel,
  { number, file: id }: Extract<CellFrame, { kind: 'open-file' }>,
  openFile: (id: string) => Promise<RunFile | FileRefusal>,
  scratchMb: number,
): Promise<void> {
  const answer = (fields: object) => channel.sendSlowly({ kind: 'file', number, ...fields });
  const file = await openFile(id);
  const refused = 'refused' in file ? file.refused : tooLarge(file, scratchMb);
  if (refused !== null || 'refused' in file) return void (await answer({ refused, isLast: true }));
  let isThere = await answer({ name: file.name, sizeBytes: file.sizeBytes });
  for await (const chunk of file.content)
    for (let start = 0; start < chunk.length && isThere; start += PIECE_BYTES)
      isThere = await answer({ data: chunk.toString('base64', start, start + PIECE_BYTES) });
  if (isThere) await answer({ isLast: true });
}

const PIECE_BYTES = 192 * 1024;

function tooLarge({ name, sizeBytes }: RunFile, scratchMb: number): string | null {
  if (sizeBytes <= scratchMb * 1024 * 1024) return null;
  const got = Math.ceil(sizeBytes / 1024 / 1024);
  return `Expected a file that fits into the folder of the run, which holds ${scratchMb} MiB, got ${name} of ${got} MiB`;
}
