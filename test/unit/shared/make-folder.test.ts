import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataFolder } from '../../../server/shared/data-folder.ts';
import { makeFolder } from '../../../server/shared/make-folder.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

test('a folder is made with its parents, by several callers at once, and found again', async () => {
  await using root = await makeTempFolder();
  const path = join(root.path, 'a/b/c');
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(root.path, 'a/b/d'))]);
  await makeFolder(path);
  expect(existsSync(path)).toBe(true);
});

test.each(['/proc/x', '/proc/x/y'])(
  '%s, which the kernel never makes, fails instead of being tried for ever',
  async (path) => {
    await expect(makeFolder(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeDataFolder(path)).rejects.toMatchObject({
      code: 'DATA_FOLDER_NOT_WRITABLE',
      message: expect.stringMatching(new RegExp(`^Expected a data folder ${path} .*ENOENT.*WEFT_DATA_DIR`)),
    });
  },
);

test('a file, a folder below a file and a symlink to nothing are no folders', async () => {
  await using root = await makeTempFolder();
  const file = join(root.path, 'file');
  const link = join(root.path, 'link');
  writeFileSync(file, '');
  symlinkSync(join(root.path, 'nothing'), link);
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(file, 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(link)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(link, 'x'))).rejects.toMatchObject({ code: 'EEXIST' });
});
