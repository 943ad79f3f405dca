import type { FileRefusal, RunBounds, RunFile } from '../backend.ts';
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
  bounds: Pick<RunBounds, 'scratchMb' | 'fileMb'>,
): Promise<void> {
  const answer = (fields: object) => channel.sendSlowly({ kind: 'file', number, ...fields });
  const file = await openFile(id);
  const refused = 'refused' in file ? file.refused : tooLarge(file, bounds);
  if (refused !== null || 'refused' in file) return void (await answer({ refused, isLast: true }));
  let isThere = await answer({ name: file.name, sizeBytes: file.sizeBytes });
  for await (const chunk of file.content)
    for (let start = 0; start < chunk.length && isThere; start += PIECE_BYTES)
      isThere = await answer({ data: chunk.toString('base64', start, start + PIECE_BYTES) });
  if (isThere) await answer({ isLast: true });
}

const PIECE_BYTES = 192 * 1024;

function tooLarge(
  { name, sizeBytes }: RunFile,
  { scratchMb, fileMb }: Pick<RunBounds, 'scratchMb' | 'fileMb'>,
): string | null {
  const mib = sizeBytes / 1024 / 1024;
  const got = `got ${name} of ${Math.ceil(mib)} MiB`;
  if (mib > scratchMb)
    return `Expected a file that fits into the folder of the run, which holds ${scratchMb} MiB (PYTHON_SCRATCH_MB), ${got}`;
  if (mib > fileMb)
    return `Expected a file of at most ${fileMb} MiB, as any file of a run (PYTHON_FILE_MB), ${got}`;
  return null;
}
