#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { WeftAuthenticationError, WeftError } from '../errors.ts';
import { type GenerateOptions, generate } from './generate.ts';

const usage = `Usage: weft-client generate --url <url> --out <file.ts> [--workflow <id or name>]...
                            [--token <token>] [--check] [--pin]

Writes a TypeScript module with the types of the workflows on a server.

  --url       where the server is, such as http://127.0.0.1:4000
  --out       the module to write
  --workflow  one workflow to write, by its id or its name; may be given several times. All of them unless given
  --token     the server's API token; WEFT_API_TOKEN is used where it is not given
  --check     writes nothing, and fails when the module is not what would be written: for CI
  --pin       the module runs the versions that its types were made from, and not the latest`;

try {
  const options = parse(process.argv.slice(2));
  console.log(options === 'help' ? usage : await generate(options));
} catch (error) {
  console.error(told(error));
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
  if (positionals.join(' ') !== 'generate') throw misused('the command `generate`', positionals.join(' '));
  if (url === undefined || !URL.canParse(url)) throw misused('--url to be an address', url);
  if (out === undefined) throw misused('--out to be the file to write', out);
  return { url, out, only, token, check, pin };
}

function misused(expected: string, got: string | undefined): WeftError {
  return new WeftError('USAGE', `Expected ${expected}, got ${got || 'nothing'}.\n\n${usage}`);
}

function told(error: unknown): string {
  if (error instanceof WeftAuthenticationError) {
    return `The server wants a token (WEFT_API_TOKEN of the server). Give it by --token, or in WEFT_API_TOKEN.`;
  }
  if (error instanceof WeftError) return error.message;
  if (error instanceof Error && 'code' in error) return `${error.message}\n\n${usage}`; // of parseArgs, or a file
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
