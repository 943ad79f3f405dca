import { isMarker } from '../../../server/packages/marker.ts';
import { parseRequirement } from '../../../server/packages/requirement.ts';

const textOf = (given: string) => {
  const parsed = parseRequirement(given);
  return parsed.ok ? parsed.requirement.text : parsed.problem.kind;
};
const messageOf = (given: string) => {
  const parsed = parseRequirement(given);
  return parsed.ok ? null : parsed.problem.message;
};

test.each([
  ['pandas', 'pandas'],
  ['  Foo.Bar_baz ', 'foo-bar-baz'],
  ['numpy >= 2, <3', 'numpy<3,>=2'],
  ['numpy<3,>=2', 'numpy<3,>=2'],
  ['numpy (>=2)', 'numpy>=2'],
  ['uvicorn[Standard,extra_one]==0.30.*', 'uvicorn[extra-one,standard]==0.30.*'],
  ['a', 'a'],
  ['x ~= 1.4.2', 'x~=1.4.2'],
  ['x==1!2.0rc1.post2.dev3+local.7', 'x==1!2.0rc1.post2.dev3+local.7'],
  ['x===whatever', 'x===whatever'],
  ['x; python_version  < "3.12"', 'x ; python_version < "3.12"'],
  [
    'x>=1 ; (sys_platform=="linux" or os_name != "nt") and extra == \'y\'',
    'x>=1 ; (sys_platform=="linux" or os_name != "nt") and extra == \'y\'',
  ],
])('%s is a requirement of PEP 508 with the canonical text %s', (given, expected) => {
  expect(textOf(given)).toBe(expected);
});

test.each([
  ['./local', 'a path'],
  ['/srv/wheels/x-1.0-py3-none-any.whl', 'a path'],
  ['~/x', 'a path'],
  ['..', 'a path'],
  ['wheels\\x', 'a path'],
  ['x-1.0.tar.gz', 'a path'],
  ['file:///etc', 'a URL'],
  ['https://example.com/x.whl', 'a URL'],
  ['x @ https://example.com/x.whl', 'a URL'],
  ['x[y]@file:///x', 'a URL'],
  ['git+https://example.com/x.git', 'a link to a version control system'],
  ['x @ git+ssh://git@example.com/x', 'a link to a version control system'],
  ['-r other.txt', 'an option of the installer'],
  ['--index-url=https://example.com', 'an option of the installer'],
  ['-e .', 'an option of the installer'],
])('%s is refused as %s', (given, what) => {
  expect(textOf(given)).toBe('refused');
  expect(messageOf(given)).toContain(`is ${what}`);
});

test.each([
  '',
  '-',
  'x y',
  '_x',
  'x-',
  'x;',
  'x>=',
  'x=>1',
  'x=1',
  'x>=1.*',
  'x~=1',
  'x>=1,,<2',
  'x[',
  'x[a',
  'x[,]',
  'x; nonsense',
  'x; python_version',
  'x; "a" == "b"',
  'x; python_version < "3" and',
  'x; python_version < "3" --hash=sha256:00',
  'x==1 --hash=sha256:00',
  'x # comment',
  'x\ny',
  'x\n--index-url=https://example.com',
  'pandas; rm -rf /',
  'pandas && true',
  'pandas | cat',
  'pandas`id`',
  'pandas$(id)',
  'pandas$HOME',
  "pandas'",
  'päckage',
  'x\0',
])('%j is not a requirement', (given) => {
  expect(textOf(given)).not.toBe(given);
  expect(parseRequirement(given).ok).toBe(false);
});

test('a character that has no meaning is named', () => {
  expect(messageOf('pandas$(id)')).toContain('where `$` has no meaning');
  expect(messageOf('numpy=>2')).toContain('Expected versions such as >=2');
});

test('a requirement as long as a book is refused before it is parsed', () => {
  expect(messageOf(`x${'-'.repeat(1_000_000)}!`)).toContain('at most 500 characters');
});

test.each(['python_version not in "2.7 3.0"', "'linux' in sys_platform", 'python_full_version === "3.11.7"'])(
  '%s is a marker',
  (text) => expect(isMarker(text)).toBe(true),
);

/** Parts of a requirement, each of which may be repeated, and ends that make the whole none. */
const REPEATED = [
  ' ',
  '-',
  '.',
  'a',
  '1',
  'a.',
  '1.',
  '[',
  ']',
  '[a',
  ',',
  'a,',
  '(',
  ')',
  '=',
  '<',
  '==1',
  '>=1,',
  ';',
  '"',
  "'",
  '/',
  '@',
];
const STARTS = [
  '',
  'a',
  'a[',
  'a[b',
  'a(',
  'a==',
  'a==1',
  'a==1+',
  'a; ',
  'a; "',
  'a; python_version ',
  'a; not',
];
const ENDS = ['', '$', '!', '"', ']', ')', ';', '@', '/', 'x', '\n'];

test('no text of the greatest length takes more than a moment, valid or not', () => {
  const texts = STARTS.flatMap((start) =>
    REPEATED.flatMap((part) =>
      ENDS.map((end) => start + part.repeat((490 - start.length) / part.length) + end),
    ),
  );
  const slow: string[] = [];
  for (const text of ['warm', ...texts]) {
    const before = process.cpuUsage();
    parseRequirement(text);
    const { user, system } = process.cpuUsage(before);
    if (user + system > 50_000) slow.push(text);
  }
  expect(slow).toEqual([]);
});
