import { watch } from 'node:fs';

/**
 * Tells of each distribution as its `.dist-info` appears, whichever installer writes it, with how many there are by now.
 * Where the host has no watch left to give, progress is lost and nothing else.
 */
export function watchInstalled(
  sitePackages: string,
  onInstalled: (name: string, count: number) => void,
): Disposable {
  const seen = new Set<string>();
  try {
    const watcher = watch(sitePackages, (_change, file) => {
      const [, name, version] = /^([^.~][^-]*)-([^-]+)\.dist-info$/.exec(file ?? '') ?? [];
      if (name === undefined || seen.has(file!)) return;
      seen.add(file!);
      onInstalled(`${name} ${version}`, seen.size);
    });
    watcher.on('error', () => {});
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return { [Symbol.dispose]() {} };
  }
}
