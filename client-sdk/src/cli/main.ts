#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { WeftAuthenticationError, WeftError } from '../errors.ts';
import { type GenerateOptions, generate } from './generate.ts';

const usage = `Usage: weft-client generate --url <url> --out <file.ts> [--workflow <key or id>]...
                            [--token <token>] [--check] [--pin]

Writes a TypeScript module with the types of the workflows on a server.

  --url       the server's address, such as http://127.0.0.1:4000
  --out       the module to write
  --workflow  the key, the id or the name of one workflow to write; may be repeated. All workflows unless given
  --token     the server's API token; the environment's WEFT_API_TOKEN unless given
  --check     write nothing, and fail when the module is out of date: for CI
  --pin       run the versions that the types were made from, and not the latest`;

try {
  const options = parse(process.argv.slice(2));
  console.log(options === 'help' ? usage : await generate(options));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}

function parse(args: string[]): GenerateOptions | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      out: { type: 'string' },
      workflow: { type: 'string', multiple: true, default: [] },
      token: { type: 'string' },
      check: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { url, out, workflow: only, token = process.env.WEFT_API_TOKEN, check, pin } = values;
  if (positionals.join(' ') !== 'generate') throw usageError('the command `generate`', positionals.join(' '));
  if (url === undefined || !URL.canParse(url)) throw usageError('--url to be an address', url);
  if (out === undefined) throw usageError('--out to be the file to write', out);
  return { url, out, only, token, check, pin };
}

function usageError(expected: string, got: string | undefined): WeftError {
  return new WeftError('USAGE', `Expected ${expected}, got ${got || 'nothing'}.\n\n${usage}`);
}

function describeError(error: unknown): string {
  if (error instanceof WeftAuthenticationError) {
    return 'Expected the API token of the server (its WEFT_API_TOKEN). Pass it as --token, or in WEFT_API_TOKEN.';
  }
  if (error instanceof WeftError) return error.message;
  if (error instanceof Error && 'code' in error) return `${error.message}\n\n${usage}`; // of parseArgs or a file
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
