import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrMakeKeyFile } from '../../../server/secrets/key-file.ts';
import { keyringOf } from '../../../server/secrets/keyring.ts';
import { parseKeys, toKey } from '../../../server/secrets/keys.ts';
import { makeSeals } from '../../../server/secrets/seal.ts';

const [one, two] = [toKey(Buffer.alloc(32, 1)), toKey(Buffer.alloc(32, 2))];

const sealsOf = (...keys: (typeof one)[]) => makeSeals(keyringOf(keys));
const withCode = (code: unknown) => expect.objectContaining({ code });

describe('a sealed secret', () => {
  test('opens at its place and nowhere else, and is another text each time', async () => {
    const seals = sealsOf(one);
    const sealed = await seals.seal('Grüße', 'webhooks/wh_1');
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]+$/);
    expect(await seals.seal('Grüße', 'webhooks/wh_1')).not.toBe(sealed);
    expect(await seals.open(sealed, 'webhooks/wh_1')).toBe('Grüße');
    await expect(seals.open(sealed, 'webhooks/wh_2')).rejects.toEqual(withCode('SECRET_DAMAGED'));
  });

  test('does not open where any of its characters was changed', async () => {
    const seals = sealsOf(one);
    // All four that it may end in, with bits that stand for nothing.
    const all = await Promise.all(Array.from({ length: 60 }, () => seals.seal('secret', 'p')));
    for (const each of all) {
      const next = { A: 'B', Q: 'R', g: 'h', w: 'x' }[each.at(-1)!];
      await expect(seals.open(each.slice(0, -1) + next, 'p')).rejects.toThrow(/secret/i);
    }
    const sealed = all[0]!;
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'E' : 'A') + sealed.slice(at + 1);
      await expect(seals.open(changed, 'p')).rejects.toThrow(/secret/i);
    }
    for (const text of ['', 'v1', `v1.${one.id}.`, `v1.${one.id}.AAAA`])
      await expect(seals.open(text, 'p')).rejects.toEqual(withCode(expect.stringMatching(/^SECRET/)));
  });

  test('opens with each key that is there, and is outdated where another one seals', async () => {
    const before = await sealsOf(one).seal('secret', 'p');
    const seals = sealsOf(two, one);
    expect(await seals.open(before, 'p')).toBe('secret');
    expect(await seals.isOutdated(before)).toBe(true);
    expect(await seals.isOutdated(await seals.seal('secret', 'p'))).toBe(false);
    await expect(sealsOf(two).open(before, 'p')).rejects.toEqual(withCode('SECRETS_KEY_UNKNOWN'));
  });

  test('needs a key, and the error says which setting', async () => {
    const seals = sealsOf();
    const missing = expect.objectContaining({
      code: 'SECRETS_KEY_MISSING',
      message: expect.stringContaining('WEFT_SECRETS_KEY_FILE'),
    });
    await expect(seals.seal('secret', 'p')).rejects.toEqual(missing);
    await expect(seals.open(await sealsOf(one).seal('secret', 'p'), 'p')).rejects.toEqual(missing);
  });
});

test('keys are 32 bytes in base64, one a line or with commas between them', () => {
  const text = [one, two].map(({ bytes }) => bytes.toString('base64'));
  expect(parseKeys(`${text.join('\n')}\n`)).toEqual([one, two]);
  expect(parseKeys(text.join(','))).toEqual([one, two]);
  for (const bad of ['', 'short', Buffer.alloc(33).toString('base64'), `${text[0]} x`])
    expect(parseKeys(bad)).toBeNull();
});

describe('the file of keys', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is made once, for its owner alone, however many make it at once', async () => {
    const path = join(folder, 'secrets.key');
    const made = await Promise.all(Array.from({ length: 8 }, () => readOrMakeKeyFile(path)));
    expect(new Set(made.map(([key]) => key!.id)).size).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['secrets.key']);
    expect(parseKeys(await readFile(path, 'utf8'))).toEqual(made[0]);
  });

  test('is not replaced where it holds something else', async () => {
    const path = join(folder, 'secrets.key');
    await writeFile(path, 'lost');
    await expect(readOrMakeKeyFile(path)).rejects.toMatchObject({ code: 'SECRETS_KEY_INVALID' });
    expect(await readFile(path, 'utf8')).toBe('lost');
  });
});
