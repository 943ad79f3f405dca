import { watch } from 'node:fs';
import { coerceError } from '../shared/errors.ts';

/** Tells of each distribution as its `.dist-info` appears, whichever installer writes it, with how many there are by now. */
export function watchInstalled(
  sitePackages: string,
  onInstalled: (name: string, count: number) => void,
): Disposable {
  const seen = new Set<string>();
  const watcher = watch(sitePackages, (_change, file) => {
    const [, name, version] = /^([^.~][^-]*)-([^-]+)\.dist-info$/.exec(file ?? '') ?? [];
    if (name === undefined || seen.has(file!)) return;
    seen.add(file!);
    onInstalled(`${name} ${version}`, seen.size);
  });
  // Progress is lost, and nothing else.
  watcher.on('error', (error) => void coerceError(error));
  return { [Symbol.dispose]: () => watcher.close() };
}
