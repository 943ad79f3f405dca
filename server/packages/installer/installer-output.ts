import { stripVTControlCharacters } from 'node:util';
import { PackageError } from '../errors.ts';

/** The error for the output of a failed installer; retryable where the network or the index failed. */
export function installerFailure(
  step: 'resolve' | 'install',
  output: string,
  refusedHosts: readonly string[] = [],
): PackageError {
  const shown = trimOutput(output);
  const known = KNOWN.find(([pattern]) => pattern.test(shown))?.[1];
  const retryable = known === undefined && refusedHosts.length === 0 && NETWORK.test(shown);
  const what =
    known ?? (refusedHosts.length > 0 ? notAHost(refusedHosts) : retryable ? UNREACHABLE : FAILED[step]);
  return new PackageError(`${what}. The installer printed: ${shown || 'nothing'}`, retryable);
}

/**
 * Removes colours, boxes, progress, advertisements and the passwords of indexes; at most MAX_LENGTH characters remain.
 * Packages decide what an installer prints, so each line is cut before a pattern sees it, and reading ends as soon as
 * enough is found.
 */
export function trimOutput(output: string): string {
  let text = '';
  for (const line of linesOf(output)) {
    const shown = withoutPasswords(
      stripVTControlCharacters(line)
        .replace(/^[\s\u00d7\u2500\u2502\u251c\u2570\u25b6]+/u, '')
        .trim(),
    );
    if (shown === '' || NOISE.test(shown)) continue;
    text += text === '' ? shown : `\n${shown}`;
    if (text.length > MAX_LENGTH) return `${text.slice(0, MAX_LENGTH)}…`;
  }
  return text;
}

/** The first MAX_LENGTH characters of each line, and MAX_LINES lines, without a copy of the whole output. */
function* linesOf(output: string): Generator<string> {
  for (let start = 0, count = 0; start <= output.length && count < MAX_LINES; count += 1) {
    const found = output.indexOf('\n', start);
    const end = found < 0 ? output.length : found;
    yield output.slice(start, Math.min(end, start + MAX_LENGTH + 1));
    start = end + 1;
  }
}

function withoutPasswords(line: string): string {
  return line.replace(/:\/\/[^/@\s]+@/g, '://');
}

function notAHost(hosts: readonly string[]): string {
  return `The installer was refused a connection to ${hosts.join(', ')}: only the hosts of the package index can be reached. If the index keeps files there, add the host to PYTHON_INDEX_HOSTS`;
}

const UNREACHABLE = 'The package index could not be reached, or failed; try again later';
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [
    /hash mismatch|do not match the hashes/i,
    'A file of a package is not the file that the package index describes: its hash differs',
  ],
  [
    /URL dependency/,
    'A package requires another one by a URL. Dependencies are installed from the package index only: request versions that depend on packages by name',
  ],
];
const FAILED = {
  resolve: 'No set of packages fits these requirements',
  install: 'The packages could not be installed',
};
const MAX_LENGTH = 1_500;
const MAX_LINES = 20_000;
const NOISE =
  /^(Using (CPython|Python|cached)|Creating virtual environment|Activate with|Resolved \d|Prepared \d|Downloading |Downloaded |Looking in |Collecting |Requirement already|\[notice\]|WARNING: Running pip as|warning: Failed to hardlink|hint: |If the cache and target)/;
const NETWORK =
  /error sending request|connection (refused|reset|aborted|closed|broken)|timed out|\b(read|connect)timeout|dns error|name resolution|name or service not known|network is unreachable|max retries exceeded|status server error|\b(429 Too Many|5\d\d (Server|Internal|Bad Gateway|Service|Gateway))|incomplete ?(read|message)/i;
