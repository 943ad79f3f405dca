import { stripVTControlCharacters } from 'node:util';
import { PackageError } from '../errors.ts';

/** The error for the output of a failed installer; retryable where the network or the index failed. */
export function installerFailure(step: 'resolve' | 'install', output: string): PackageError {
  const shown = trimOutput(output);
  const retryable = NETWORK.test(shown);
  const what = retryable ? UNREACHABLE : HASHES.test(shown) ? WRONG_HASH : FAILED[step];
  return new PackageError(`${what}. The installer printed: ${shown || 'nothing'}`, retryable);
}

/**
 * Removes colours, boxes, progress, advertisements and the passwords of indexes; at most MAX_LENGTH characters remain.
 */
export function trimOutput(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.replace(/^[\s×╰─▶│├]+/u, '').trim())
    .filter((line) => line !== '' && !NOISE.test(line));
  const text = lines.join('\n').replace(/(\w+:\/\/)[^/@\s]+@/g, '$1');
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}

const UNREACHABLE = 'The package index could not be reached, or failed; try again later';
const WRONG_HASH = 'A file of a package is not the file that the package index describes: its hash differs';
const FAILED = {
  resolve: 'No set of packages fits these requirements',
  install: 'The packages could not be installed',
};
const HASHES = /hash mismatch|do not match the hashes/i;
const MAX_LENGTH = 1_500;
const NOISE =
  /^(Using (CPython|Python|cached)|Creating virtual environment|Activate with|Resolved \d|Prepared \d|Downloading |Downloaded |Looking in |Collecting |Requirement already|\[notice\]|WARNING: Running pip as|warning: Failed to hardlink|hint: |If the cache and target)/;
const NETWORK =
  /error sending request|connection (refused|reset|aborted|closed|broken)|timed out|\b(read|connect)timeout|dns error|name resolution|name or service not known|network is unreachable|max retries exceeded|status server error|\b(429 Too Many|5\d\d (Server|Internal|Bad Gateway|Service|Gateway))|incomplete ?(read|message)/i;
