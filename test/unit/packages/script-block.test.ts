import { readScriptBlock } from '../../../server/packages/script-block.ts';

const block = (...lines: string[]) =>
  ['# /// script', ...lines.map((line) => `# ${line}`), '# ///'].join('\n');
const packagesOf = (code: string) => readScriptBlock(code)?.packages;

test('the dependencies of a block are read, however they are written', () => {
  expect(packagesOf(block('dependencies = ["pandas>=2", \'numpy\']'))).toEqual(['pandas>=2', 'numpy']);
  expect(
    packagesOf(
      `import x\n${block('requires-python = ">=3.11"', 'dependencies = [ # those', '  "a",', '  # "b",', `  "c; python_version > '3'",`, ']', '[tool.uv]', 'dependencies = ["no"]')}\nx = 1`,
    ),
  ).toEqual(['a', "c; python_version > '3'"]);
  expect(packagesOf(block('dependencies = []'))).toEqual([]);
  expect(packagesOf(block('requires-python = ">=3.11"'))).toEqual([]);
  expect(packagesOf(block('"dependencies" = ["a\\"b"]').replaceAll('\n', '\r\n'))).toEqual(['a"b']);
});

test('code without a block, and a block that does not end, declare nothing', () => {
  expect(readScriptBlock('x = 1')).toBeNull();
  expect(readScriptBlock('# /// script\n# dependencies = ["a"]\nx = 1\n# ///')).toBeNull();
  expect(readScriptBlock('# /// other\n# dependencies = ["a"]\n# ///')).toBeNull();
});

test('a block that cannot be read says so, with its line', () => {
  for (const list of ['"a"', '["a"', '[a]', '["a" "b"]', '["a",, "b"]', '{}'])
    expect(readScriptBlock(`\n${block(`dependencies = ${list}`)}`)).toEqual({
      packages: [],
      line: 2,
      problem: expect.stringContaining('to be a list of texts'),
    });
  expect(readScriptBlock(`${block('')}\n\n${block('')}`)).toMatchObject({
    line: 5,
    problem: expect.stringContaining('got 2'),
  });
});

test('a million characters are read in linear time', () => {
  const startedAt = performance.now();
  for (const line of ['# /// script', '# ///', '#', '# [', "# dependencies = ['a',", '# #'])
    readScriptBlock(`# /// script\n${`${line}\n`.repeat(1_000_000 / (line.length + 1))}`);
  readScriptBlock(block(`dependencies = ["${'\\a'.repeat(400_000)}`));
  readScriptBlock(block(`dependencies = [${'"a",'.repeat(200_000)}`));
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
