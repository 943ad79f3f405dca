import { parseArgs } from 'node:util';
import { WeftAuthenticationError, WeftError } from '../errors.ts';
import { generate } from './generate.ts';
import { pull } from './pull.ts';
import { diff, push } from './push.ts';
import { setSecret } from './secret.ts';

const usage = `Usage: weft-client generate --out <file.ts> [--check] [--pin] [options]
       weft-client pull [--dir <folder>] [options]
       weft-client diff [--dir <folder>] [--delete] [options]
       weft-client push [--dir <folder>] [--delete] [--yes] [options]
       weft-client secret set <NAME> [options] < <file>

  generate  writes a TypeScript module with the types of the workflows on a server
  pull      writes the workflows of a server into a folder, a folder for each
  diff      shows what push would change, and fails where anything differs
  push      makes the server say what the folder says: shows the plan, asks, and does it
  secret    sets a secret of the server to what the standard input has, without the line end at its end

Options of all commands:
  --url       the server's address, such as http://127.0.0.1:4000; the environment's WEFT_URL unless given
  --token     the server's API token; the environment's WEFT_API_TOKEN unless given
  --project   the key of the project to act in; the environment's WEFT_PROJECT, or that of the token, unless given
  --workflow  the key, the id or the name of one workflow; may be repeated. All workflows unless given

Of generate:
  --out       the module to write
  --check     write nothing, and fail when the module is out of date: for CI
  --pin       run the versions that the types were made from, and not the latest

Of pull, diff and push:
  --dir       the folder with the workflows; workflows unless given
  --delete    delete workflows of the server that the folder does not have
  --yes       change without a question: for CI`;

type Command = (typeof commands)[number];
const commands = ['generate', 'pull', 'diff', 'push', 'secret set'] as const;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}

/** @returns the exit code */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      out: { type: 'string' },
      dir: { type: 'string', default: 'workflows' },
      workflow: { type: 'string', multiple: true, default: [] },
      token: { type: 'string' },
      project: { type: 'string' },
      check: { type: 'boolean', default: false },
      pin: { type: 'boolean', default: false },
      delete: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const isSecret = positionals[0] === 'secret';
  const name = isSecret ? positionals[2] : undefined;
  const command = positionals.filter((_, index) => !isSecret || index !== 2).join(' ') as Command;
  if (!commands.includes(command))
    throw usageError(`one of the commands ${commands.map((name) => `\`${name}\``).join(', ')}`, command);
  const {
    url = process.env.WEFT_URL,
    token = process.env.WEFT_API_TOKEN,
    project = process.env.WEFT_PROJECT,
    workflow: only,
    ...others
  } = values;
  if (url === undefined || !URL.canParse(url)) throw usageError('--url to be an address', url);
  return run(command, { ...others, url, token, project, only, name }).catch((error) => {
    throw error instanceof WeftAuthenticationError ? tokenError(token) : error;
  });
}

function tokenError(token: string | undefined): WeftError {
  const what =
    token === undefined
      ? 'Expected an API token, because the server wants one (its WEFT_API_TOKEN, or one that was made there).'
      : 'The server refused the token: it is wrong, was revoked or has expired.';
  return new WeftError('UNAUTHENTICATED', `${what} Pass one as --token, or in WEFT_API_TOKEN.`);
}

interface Values {
  url: string;
  token: string | undefined;
  project: string | undefined;
  only: string[];
  /** Of a secret. */
  name: string | undefined;
  out?: string;
  dir: string;
  check: boolean;
  pin: boolean;
  delete: boolean;
  yes: boolean;
}

async function run(command: Command, { out, check, pin, name, ...values }: Values): Promise<number> {
  switch (command) {
    case 'generate':
      if (out === undefined) throw usageError('--out to be the file to write', out);
      console.log(await generate({ ...values, out, check, pin }));
      return 0;
    case 'pull':
      console.log(await pull(values));
      return 0;
    case 'push':
      console.log(await push(values, console.log));
      return 0;
    case 'secret set':
      if (name === undefined) throw usageError('the name of the secret, such as API_KEY', name);
      console.log(await setSecret(values, name));
      return 0;
    case 'diff': {
      const { text, differs } = await diff(values);
      console.log(text);
      return differs ? 1 : 0;
    }
  }
}

function usageError(expected: string, got: string | undefined): WeftError {
  return new WeftError('USAGE', `Expected ${expected}, got ${got || 'nothing'}.\n\n${usage}`);
}

function describeError(error: unknown): string {
  if (error instanceof WeftError) return error.message;
  if (error instanceof Error && 'code' in error) return `${error.message}\n\n${usage}`; // of parseArgs or a file
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
