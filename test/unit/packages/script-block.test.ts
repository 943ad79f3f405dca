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

test("the requirements above a script of Windmill are read, without Windmill's own client", () => {
  const main = '\nimport x\n\ndef main(a: int):\n    return a\n';
  expect(
    readScriptBlock(
      `"""A script."""\n\n# requirements:\n# requests~=2.32\n#psycopg[binary]\n# wmill>=1.0\n${main}`,
    ),
  ).toEqual({
    packages: ['requests~=2.32', 'psycopg[binary]'],
    line: 3,
    problem: null,
  });
  expect(packagesOf(`#extra_requirements:\n#numpy<2.0\n#\n# Text.${main}`)).toEqual(['numpy<2.0']);
  expect(packagesOf(`#requirements:\r\n#numpy\r\nasync def main():\r\n    pass`)).toEqual(['numpy']);
});

test('a comment about requirements is none', () => {
  const main = '\ndef main():\n    pass\n';
  expect(readScriptBlock(`# requirements:\n# it must be fast${main}`)).toBeNull();
  expect(readScriptBlock(`import x\n# requirements:\n# fast${main}`)).toBeNull();
  expect(readScriptBlock('# requirements:\n# numpy\nimport numpy')).toBeNull();
});

test('a million characters are read in linear time', () => {
  const startedAt = performance.now();
  for (const line of ['# /// script', '# ///', '#', '# [', "# dependencies = ['a',", '# #'])
    readScriptBlock(`# /// script\n${`${line}\n`.repeat(1_000_000 / (line.length + 1))}`);
  for (const line of ['#a', '# a ~', '#'])
    readScriptBlock(`# requirements:\n${`${line}\n`.repeat(1_000_000 / (line.length + 1))}def main():`);
  readScriptBlock(`# requirements:\n# a =${' '.repeat(1_000_000)}#\ndef main():`);
  readScriptBlock(block(`dependencies = ["${'\\a'.repeat(400_000)}`));
  readScriptBlock(block(`dependencies = [${'"a",'.repeat(200_000)}`));
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
