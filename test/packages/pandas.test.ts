import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { openPypiSandbox } from '../support/pypi.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { errorOf, resultOf, type TestRun } from '../support/test-sandbox.ts';

const python = await openPypiSandbox(['pandas', 'numpy', 'matplotlib', 'seaborn', 'mpmath']);
const { run, test } = python;
afterAll(async () => {
  await python[Symbol.asyncDispose]();
});

const violationsOf = ({ events }: TestRun) =>
  events.flatMap((event) => (event.kind === 'violation' ? [event.violation] : []));
const imagesOf = ({ events }: TestRun) =>
  events.flatMap((event) =>
    event.kind === 'artifact' ? [{ ...event, png: Buffer.from(event.base64, 'base64') }] : [],
  );
const PNG = [0x89, 0x50, 0x4e, 0x47];

test('the example of the documentation runs as it is written there', async () => {
  const code = 'df = pd.DataFrame(input_data)\nresult = df.describe().to_dict()';
  const input = { a: [1, 2, 3], b: [4.5, 5.5, 6.5] };
  expect(resultOf(await run(code, { input }))).toMatchObject({
    a: { count: 3, mean: 2, std: 1, min: 1, '50%': 2, max: 3 },
    b: { mean: 5.5, '25%': 5 },
  });
});

test('pandas reads a file of the input by its path, or opened', async () => {
  const content = Buffer.from('city,sales\nLyon,120\nMâcon,80\n');
  const file = { name: 'sales.csv', sizeBytes: content.length };
  const openFile = async () => ({
    ...file,
    content: {
      async *[Symbol.asyncIterator]() {
        yield content;
      },
    },
  });
  const code = `file = input_data["report"]
frames = [pd.read_csv(artifact_path(file)), pd.read_csv(open_artifact(file)), pd.read_csv(open_artifact(file, "r"))]
result = [int(frame.sales.sum()) for frame in frames]`;
  expect(resultOf(await run(code, { input: { report: { $file: 'a' } }, openFile }))).toEqual([200, 200, 200]);
});

test('a run with little memory has room for data beside pandas, and fails with PYTHON_MEMORY_LIMIT beyond it', async () => {
  const make = (mb: number) =>
    `frame = pd.DataFrame({'x': np.ones(${mb} * 131072)})\nresult = float(frame['x'].sum())`;
  expect(resultOf(await run(make(60), { memoryMb: 128 }))).toBe(60 * 131072);
  expect(errorOf(await run(make(200), { memoryMb: 128 })).code).toBe('PYTHON_MEMORY_LIMIT');
});

test('pandas.show_versions() lives without the process that it tries to start', async () => {
  const shown = await run('pd.show_versions()');
  expect(resultOf(shown)).toBeNull();
  expect(shown.stdout).toMatch(/^processor +: *$/m);
  expect(violationsOf(shown).map(({ rule }) => rule)).toEqual(['process']);
});

test('two runs never draw the same random numbers', async () => {
  const code =
    'import random\nresult = [np.random.rand(), np.random.default_rng().random(), random.random()]';
  const [first, second] = await Promise.all([run(code), run(code)]);
  const drawn = [...(resultOf(first!) as number[]), ...(resultOf(second!) as number[])];
  expect(new Set(drawn).size).toBe(6);
});

test('values of numpy and pandas have one documented form in JSON', async () => {
  const code = `
df = pd.DataFrame({'i': [1, 2], 'f': [1.5, float('nan')], 's': ['a', None], 't': pd.to_datetime(['2024-01-01', None])})
df['c'] = pd.Categorical(['x', 'y'])
result = {
    'frame': df, 'indexed': df[['i', 'f']].set_index('i'), 'series': df['i'], 'labels': pd.Series({'a': 1}),
    'stamp': pd.Timestamp('2024-01-01 12:00', tz='UTC'), 'nothing': [pd.NaT, pd.NA, np.datetime64('NaT'), np.float64('inf')],
    'delta': pd.Timedelta('1h'), 'category': df['c'], 'dates': pd.date_range('2024-01-01', periods=2),
    'scalars': [np.int64(3), np.float32(1.5), np.bool_(True), np.str_('x'), np.uint64(2**60)],
    'array': np.arange(4).reshape(2, 2), 'instant': np.datetime64('2024-01-01T00:00:00.123456789'),
    'masked': np.ma.array([1, 2], mask=[0, 1]), 'keys': {np.int64(1): pd.Interval(0, 1)},
    'groups': df.groupby(['s', 'i'])['f'].sum(),
}`;
  expect(resultOf(await run(code))).toEqual({
    frame: [
      { i: 1, f: 1.5, s: 'a', t: '2024-01-01T00:00:00', c: 'x' },
      { i: 2, f: null, s: null, t: null, c: 'y' },
    ],
    indexed: [
      { i: 1, f: 1.5 },
      { i: 2, f: null },
    ],
    series: [1, 2],
    labels: { a: 1 },
    stamp: '2024-01-01T12:00:00+00:00',
    nothing: [null, null, null, null],
    delta: 3600,
    category: ['x', 'y'],
    dates: ['2024-01-01T00:00:00', '2024-01-02T00:00:00'],
    scalars: [3, 1.5, true, 'x', '1152921504606846976'],
    array: [
      [0, 1],
      [2, 3],
    ],
    instant: '2024-01-01T00:00:00.123456',
    masked: [1, null],
    keys: { 1: '(0, 1]' },
    groups: [{ s: 'a', i: 1, f: 1.5 }],
  });
});

test('every figure becomes one image: when it is shown, when it is saved, or at the end', async () => {
  const shown = await run(`
import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
plt.show()
plt.figure()  # stays empty
figure, axes = plt.subplots()
save_artifact('own.png', figure)
pd.DataFrame({'a': [1, 2]}).plot()
print('still here')`);
  resultOf(shown);
  expect(imagesOf(shown).map(({ name, mimeType }) => [name, mimeType])).toEqual([
    ['figure-1.png', 'image/png'],
    ['own.png', 'image/png'],
    ['figure-2.png', 'image/png'],
  ]);
  for (const { png } of imagesOf(shown)) expect([...png.subarray(0, 4)]).toEqual(PNG);
  expect([shown.stdout, shown.stderr]).toEqual(['still here\n', '']);
});

const DRAWINGS = [
  'plt.plot([1, 2])',
  'plt.hist([1, 2, 2])',
  'plt.hist([[1, 2], [2, 3]])',
  'plt.boxplot([[1, 2, 3], [2, 3]])',
  'plt.violinplot([[1, 2, 3], [2, 3]])',
  'plt.bar(["a"], [1])',
  'plt.pie([1, 2])',
  'plt.contourf([[1, 2], [3, 4]])',
  'plt.xticks([0, 1])',
  'plt.subplots(2, 2)',
  'plt.subplot_mosaic("AB")',
  'plt.subplots(subplot_kw={"projection": "3d"})[1].scatter([1], [2], [3])',
  'df.plot()',
  'df.hist()',
  'df.boxplot()',
  'df.plot(subplots=True)',
  'df.groupby("a").plot()',
  'df.groupby("a").hist()',
  'sns.heatmap(df)',
  'sns.pairplot(df)',
];

test('code that ends in a call that draws has no result, and its figures', async () => {
  for (const last of DRAWINGS) {
    const drawn = await run(
      `import matplotlib.pyplot as plt, seaborn as sns\ndf = pd.DataFrame({'a': [1, 2, 2], 'b': [3, 4, 5]})\n${last}`,
    );
    expect([last, resultOf(drawn), imagesOf(drawn).length > 0]).toEqual([last, null, true]);
  }
});

test('figures of code that fails are kept, also with a backend of its own choice', async () => {
  const failed = await run(
    "import matplotlib\nmatplotlib.use('Agg')\nfrom matplotlib import pyplot\npyplot.plot([1])\nraise ValueError('late')",
  );
  expect(errorOf(failed)).toMatchObject({ type: 'ValueError', line: 5 });
  expect(imagesOf(failed)).toHaveLength(1);
});

/** Ways through a library to a blocked module or call, each with the rule that reports it. */
const ATTACKS: Record<string, [code: string, rule: string]> = {
  'a module that pandas imported': [
    'import pandas\nresult = pandas.io.common.os.getcwd()',
    'module-attribute',
  ],
  'the same of the pandas that is there unasked': ['result = pd.io.common.os.getcwd()', 'module-attribute'],
  'the same by a name made at run time': [
    "result = str(getattr(pd.io.common, 'o' + 's'))",
    'module-attribute',
  ],
  'the same in an expression for pandas': [
    "df = pd.DataFrame({'a': [1]})\nresult = df.eval('@pd.io.common.os.getcwd()')",
    'module-attribute',
  ],
  'a compiler of numpy': ['import numpy\nnumpy.f2py.compile("")', 'blocked-module'],
  'code that numpy runs': ["import numpy.testing as t\nt.runstring('x = 1', {})", 'blocked-call'],
  'a module behind another': ['import random\nrandom._os.listdir()', 'module-attribute'],
  'a pickle that pandas reads': [
    'import io\npd.read_pickle(io.BytesIO(b\'cposix\\nsystem\\n(S"id"\\ntR.\'))',
    'unsafe-pickle',
  ],
  'a pickle that numpy reads': [
    'import io\nnp.load(io.BytesIO(b\'cposix\\nsystem\\n(S"id"\\ntR.\'), allow_pickle=True)',
    'unsafe-pickle',
  ],
  'an address on the network': ["pd.read_csv('http://127.0.0.1:1/x.csv')", 'network'],
  'memory that an object claims': [
    "class View: __array_interface__ = {'data': (0x10000, False), 'shape': (8,), 'typestr': '|u1', 'version': 3}\nresult = np.asarray(View()).tolist()",
    'memory-access',
  ],
  'raw memory': ['np.lib.stride_tricks.as_strided(np.zeros(1), shape=(9999,))', 'memory-access'],
};

for (const [name, [code, rule]] of Object.entries(ATTACKS)) {
  test(`through a library no way leads to what is blocked: ${name}`, async () => {
    const attack = await run(code);
    expect(errorOf(attack).code).toBe('PYTHON_SECURITY_ERROR');
    expect(violationsOf(attack).map((violation) => violation.rule)).toContain(rule);
  });
}

/** The path is made at run time, so that it stands nowhere in the code. */
const OUTSIDE = "import pathlib\nslash = chr(47)\npath = slash + 'etc' + slash + 'there-is-none'\n";
const OPENERS: Record<string, [code: string, rule: string]> = {
  'pandas.read_csv': ['pd.read_csv(path)', 'read-outside'],
  'pandas.read_csv, by a keyword': ['pd.read_csv(filepath_or_buffer=path)', 'read-outside'],
  'pandas.read_csv, a pathlib.Path': ['pd.read_csv(pathlib.Path(path))', 'read-outside'],
  'pandas.read_pickle': ['pd.read_pickle(path)', 'read-outside'],
  'numpy.load': ['np.load(path)', 'read-outside'],
  'numpy.fromfile': ['np.fromfile(path)', 'read-outside'],
  'numpy.memmap': ["np.memmap(path, mode='r')", 'read-outside'],
  'a Series of paths': ["pd.Series(['/etc/passwd']).map(open)", 'read-outside'],
  'matplotlib.image.imread': ["import matplotlib.image as i\ni.imread(path + '.png')", 'read-outside'],
  'DataFrame.to_csv': ["pd.DataFrame({'a': [1]}).to_csv(path)", 'file-write'],
  'DataFrame.to_json': ["pd.DataFrame({'a': [1]}).to_json(path)", 'file-write'],
  'numpy.save': ['np.save(path, [1])', 'file-write'],
};

for (const [name, [code, rule]] of Object.entries(OPENERS)) {
  test(`a file outside that the code names to a library is a violation: ${name}`, async () => {
    const caught = `${OUTSIDE}try:\n    ${code.replaceAll('\n', '\n    ')}\nexcept BaseException: pass\nresult = 1`;
    const named = await run(caught);
    expect(errorOf(named).code).toBe('PYTHON_SECURITY_ERROR');
    expect(violationsOf(named)).toMatchObject([{ rule, layer: 'RUNTIME' }]);
  });
}

/** Runs the programs of test/python/benign.py that need packages in plain Python. */
const PLAIN_PYTHON = `
import json, sys
sys.path[:0] = sys.argv[1:]
import benign
outcomes = []
for name, code in benign.PACKAGED.items():
    space = {'__name__': '__main__', 'input_data': json.loads(json.dumps(benign.INPUT))}
    exec(code, space)
    outcomes.append([name, code, json.loads(json.dumps(space['result']))])
print(json.dumps([benign.INPUT, outcomes]))`;

test('all walls let ordinary programs through, and their results are those of plain Python', async () => {
  const { pythonPath } = await python.sandbox.backend.status();
  await using scratch = await makeTempFolder();
  const folders = [join(projectRoot, 'test/python'), python.sitePackages];
  const { stdout } = await promisify(execFile)(pythonPath!, ['-c', PLAIN_PYTHON, ...folders], {
    cwd: scratch.path,
  });
  const [input, outcomes] = JSON.parse(stdout) as [unknown, [string, string, unknown][]];
  expect(outcomes.length).toBeGreaterThan(10);
  for (const [name, code, result] of outcomes) {
    const ours = await run(code, { input });
    expect([name, violationsOf(ours), resultOf(ours)]).toEqual([name, [], result]);
  }
});
