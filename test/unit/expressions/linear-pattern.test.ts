import fc from 'fast-check';
import { compileLinear, NotLinear } from '../../../server/expressions/linear-pattern.ts';

const PATTERNS = String.raw`
^(a+)+$ ^\s*$ ^\S+$ [^\s] ^[^\S]$ ^[^\S\n]$ ^.$ ^[^]$ [] ^[\s\S]*$ ^[^\d]$ \D [\D] \W [^\W] \bfoo\b \B
^\p{L}+$ ^\p{Letter}+$ ^\p{Script=Greek}+$ ^\p{sc=Greek}$ ^\p{Lu}\p{Ll}*$ \P{L} ^[\p{L}\d_]+$ ^\p{Emoji}$ ^\p{Any}$ ^\p{ASCII}$
\u{1F600} ^\u0041$ \uD83D\uDE00 \uD83D ^[\u{1F600}-\u{1F64F}]$ [😀-😂] [a-\u{10ffff}] \x41 \cA ^\0$ \v\f ^[\t-\r]$ [\b]
^\/x-y$ [\w.-]+@[\w.-]+ ^[a-z-]$ [-a] [a\-z] [[] ^[\]\[]$ [&&] [.] [$^|(){}*+?] \$ ^\.$
^.{1,1000}$ a{0} a{2,} (?:a|b)*?c a?? (|a)+ ^$ a| x* ^(?:)$ (?<year>\d+)-\d\d ^(?:[01]\d|2[0-3]):[0-5]\d$ ^(?:a(?:b|c)?)+$ # é`
  .trim()
  .split(/\s+/);

const TEXTS = [
  ...[
    '',
    'a',
    'aaaa!',
    'A',
    'Ab',
    'ab',
    'aa',
    'abc',
    'c',
    'foo',
    'afoo',
    'x.y@z.co',
    '/x-y',
    '2024-05',
    '12:30',
    '7',
  ],
  ...[
    '\n',
    '\r',
    '\t',
    '\v',
    '\f',
    ' ',
    '\u00a0',
    '\ufeff',
    '\u3000',
    '\u2028',
    '\0',
    '\x01',
    '\b',
    '_',
    '\u{10ffff}',
  ],
  ...[
    'é',
    'Ω',
    '漢',
    'Ⅷ',
    'ſ',
    'K',
    '😀',
    '😁',
    '🙁',
    '\ud83d',
    '\ude00',
    'a\ud83d',
    '[',
    ']',
    '^',
    '-',
    '$',
    '.',
    '&',
    '#',
  ],
  'x'.repeat(1_500),
];

test('a pattern matches what the engine of JavaScript matches', () => {
  for (const pattern of PATTERNS) {
    const expected = new RegExp(pattern, 'u');
    const linear = compileLinear(pattern);
    const different = TEXTS.filter((text) => linear.test(text) !== expected.test(text));
    expect({ pattern, different }).toEqual({ pattern, different: [] });
  }
});

test('so do patterns that nobody has thought of', () => {
  const atom = fc.constantFrom('a', 'b', '.', '\\s', '\\w', '[ab]', '[^a]', '\\p{Lu}', '😀', '\\b', '^', '$');
  const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}?'));
  const pattern = fc
    .array(fc.array(piece, { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => `^(?:${branches.map((pieces) => pieces.map(quantified).join('')).join('|')})`);
  const text = fc.array(fc.constantFrom('a', 'b', 'A', ' ', '\n', '😀', '\ud83d'), { maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (source, parts) => {
      const whole = parts.join('');
      expect(compileLinear(source).test(whole)).toBe(new RegExp(source, 'u').test(whole));
    }),
    { numRuns: 500 },
  );
});

test.each(['(?=a)b', '(?!a)b', '(?<=a)b', '(?<!a)b', '(a)\\1', '(?<x>a)\\k<x>', '(?i:a)', '^.{1,2000}$'])(
  '%s is refused',
  (pattern) => expect(() => compileLinear(pattern)).toThrow(NotLinear),
);

test('what is no regular expression is a SyntaxError', () => {
  for (const pattern of ['(', '[z-a]', '\\q', 'a{2,1}', '\\p{Nonsense}'])
    expect(() => compileLinear(pattern)).toThrow(SyntaxError);
});

/** No engine repeats a place. */
function quantified([atom, quantifier]: [string, string]): string {
  return /^(?:\\b|\^|\$)$/.test(atom) ? atom : `${atom}${quantifier}`;
}
