import { installerFailure, trimOutput } from '../../../server/packages/installer/installer-output.ts';

test('the output of an installer is trimmed of colours, boxes, progress and passwords', () => {
  const output = [
    '\x1b[31mUsing CPython 3.11.7 interpreter at: /usr/bin/python3\x1b[0m',
    '  × No solution found when resolving dependencies:',
    '  ╰─▶ Because x was not found at https://user:secret@index.example/simple and you require x,',
    '      we can conclude that your requirements are unsatisfiable.',
    '[notice] A new release of pip is available',
  ].join('\n');
  expect(trimOutput(output)).toBe(
    [
      'No solution found when resolving dependencies:',
      'Because x was not found at https://index.example/simple and you require x,',
      'we can conclude that your requirements are unsatisfiable.',
    ].join('\n'),
  );
});

test('long output is cut', () => {
  expect(trimOutput('word\n'.repeat(100_000)).length).toBeLessThan(2_000);
});

/** A word of a package's metadata stands in what an installer prints. The second of these took minutes. */
test.each(['\n', 'a', 'a://', '\x1b[', '\x1b]8;;', ' ', '│', '@', 'Collecting ', 'a\n', ':\n'])(
  'output of 2 MB of %j takes linear time',
  (part) => {
    const output = part.repeat(2_000_000 / part.length);
    const start = performance.now();
    const { message } = installerFailure('resolve', output);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(message.length).toBeLessThan(2_000);
  },
);

test.each([
  ['error sending request for url (http://127.0.0.1:9/simple/x/)', true],
  ['HTTP status server error (503 Service Unavailable) for url', true],
  ['ERROR: Max retries exceeded with url: /simple/x/ (Caused by ConnectTimeoutError)', true],
  ['dns error: failed to lookup address information: Temporary failure in name resolution', true],
  ['No solution found: x was not found in the package registry', false],
  ['Hash mismatch for `x==1.0`', false],
  ['Because async-timeout==99 was not found and you require async-timeout==99', false],
  ['Failed to fetch: https://index.example/x: HTTP status client error (403 Forbidden)', false],
])('%s: retryable is %s', (output, retryable) => {
  expect(installerFailure('resolve', output)).toMatchObject({ code: 'PYTHON_PACKAGE_ERROR', retryable });
});
