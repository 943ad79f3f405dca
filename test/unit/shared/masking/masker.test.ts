import fc from 'fast-check';
import { formsOf } from '../../../../server/shared/masking/forms.ts';
import { MASK, makeMasker } from '../../../../server/shared/masking/masker.ts';

const unusual = 'pä$$ w"ö\'rd\\%41&<+>/\n=~€😀';

function streamed(secrets: readonly string[], pieces: readonly Buffer[]): string {
  const stream = makeMasker(secrets).stream();
  return Buffer.concat([...pieces.map((piece) => stream.add(piece)), stream.end()]).toString();
}

test('a secret is masked in each form by which programs show it', () => {
  const masker = makeMasker([unusual]);
  const shown = [
    unusual,
    unusual.toUpperCase().replace(/[^ -~]/g, (each) => each.toLowerCase()),
    unusual.trim(),
    JSON.stringify(unusual).slice(1, -1),
    JSON.stringify(JSON.stringify(unusual)).slice(3, -3),
    encodeURIComponent(unusual),
    encodeURI(unusual),
    encodeURIComponent(unusual).replaceAll('%20', '+').toLowerCase(),
    new URLSearchParams({ k: unusual }).toString().slice(2),
    new URL(`http://host/?q=${encodeURIComponent(unusual)}`).search.slice(3),
    Buffer.from(unusual).toString('base64'),
    Buffer.from(unusual).toString('base64url'),
    Buffer.from(unusual).toString('hex').toUpperCase(),
    'pä$$ w"ö\\\'rd\\\\%41&<+>/\\n=~€😀', // repr()
    'p\\xe4$$ w"\\xf6\\\'rd\\\\%41&<+>/\\n=~\\u20ac\\U0001f600', // ascii()
    'p\\xc3\\xa4$$ w"\\xc3\\xb6\\\'rd\\\\%41&<+>/\\n=~\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80', // repr() of its bytes
    'pä$$ w&quot;ö&#x27;rd\\%41&amp;&lt;+&gt;/\n=~€😀', // html.escape()
  ];
  for (const each of shown) expect([each, masker.text(`<${each}>`)]).toEqual([each, `<${MASK}>`]);
});

test('a secret is masked within a longer text that was encoded, wherever it begins there', () => {
  const secret = 'correct-horse';
  const masker = makeMasker([secret]);
  for (const before of ['', 'u', 'us', 'user:'])
    for (const after of ['', '!', '!!', ' and more']) {
      const encoded = Buffer.from(before + secret + after).toString('base64');
      // All that remains are the characters that other bytes have a part in; alone, the secret goes with its padding.
      const from = Math.ceil((before.length * 8) / 6);
      const end = before + after === '' ? encoded.length : Math.floor(((before + secret).length * 8) / 6);
      expect(masker.text(encoded)).toBe(encoded.slice(0, from) + MASK + encoded.slice(end));
    }
});

test('each line of a secret of several lines is masked by itself', () => {
  const pem = `-----BEGIN KEY-----\n${'QUJDREVGR0hJSktMTU5P\n'.repeat(2)}cGFydHRocmVlcGFydHRocmVl\n-----END KEY-----\n`;
  const masker = makeMasker([pem]);
  expect(masker.text(pem.split('\n').join('\n> '))).not.toMatch(/QUJD|cGFy/);
  expect(masker.text(`[${pem}]`)).toBe(`[${MASK}]`);
});

test('values are masked whole: texts, names of fields, and numbers', () => {
  const masker = makeMasker(['48151623', 'hunter22']);
  expect(
    masker.value({ hunter22: [1, 48151623, { a: 'x hunter22 y', b: null, c: true }], n: 4815162 }),
  ).toEqual({ [MASK]: [1, MASK, { a: `x ${MASK} y`, b: null, c: true }], n: 4815162 });
});

test('what is no secret stays as it is, and is not held back', () => {
  const masker = makeMasker(['hunter22']);
  const text = 'hunter hunts\n\0 h \ud800 hunter2';
  expect(masker.text(text)).toBe(text);
  const stream = masker.stream();
  expect(stream.add(Buffer.from('a line\n')).toString()).toBe('a line\n');
  expect(stream.add(Buffer.from('the hunt')).toString()).toBe('the ');
  expect(stream.add(Buffer.from('ed one')).toString()).toBe('hunted one');
});

test('secrets that overlap or touch one another become one mask', () => {
  expect(makeMasker(['abcdef', 'defghi']).text('_abcdefghi_')).toBe(`_${MASK}_`);
  expect(makeMasker(['abcd']).text('abcdabcd')).toBe(MASK);
  expect(streamed(['abcd'], [Buffer.from('abcd'), Buffer.from('abcd'), Buffer.from('.')])).toBe(`${MASK}.`);
});

const secret = fc
  .oneof(
    fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom('a', 'b', '%', '\n') }),
    fc.string({ minLength: 4, maxLength: 300, unit: 'grapheme' }),
    fc.string({ minLength: 4, maxLength: 40 }),
  )
  .filter((text) => text.trim().length >= 4);

test('however a stream is cut, no form of a secret comes through, and the rest does', () => {
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof(fc.string(), fc.nat()), { maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (secrets, parts, cuts) => {
        const forms = secrets.flatMap((each) => [...formsOf(each)]);
        const whole = Buffer.from(
          parts.map((part) => (typeof part === 'string' ? part : forms[part % forms.length])).join('\x01'),
        );
        const pieces: Buffer[] = [];
        for (let at = 0; at < whole.length; ) {
          const { value } = cuts.next();
          pieces.push(whole.subarray(at, at + value));
          at += value;
        }
        const masked = streamed(secrets, pieces);
        expect(masked).toBe(makeMasker(secrets).bytes(whole).toString());
        const short = forms.filter((form) => Buffer.byteLength(form) <= 64);
        const isShown = (form: string) => masked.toLowerCase().includes(form.toLowerCase());
        expect(short.filter((form) => form !== MASK && !form.includes(MASK)).filter(isShown)).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test('the time does not depend on how much the text resembles a secret', () => {
  const masker = makeMasker([`${'a'.repeat(5_000)}b`]);
  const timeOf = (text: string) => {
    const startedAt = process.cpuUsage();
    masker.text(text);
    const { user, system } = process.cpuUsage(startedAt);
    return user + system;
  };
  const [like, unlike] = ['a'.repeat(2_000_000), 'x'.repeat(2_000_000)];
  timeOf(unlike);
  expect(timeOf(like)).toBeLessThan(20 * timeOf(unlike) + 500_000);
});
