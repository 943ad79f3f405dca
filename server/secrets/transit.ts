import { readFile } from 'node:fs/promises';
import { coerceError } from '../shared/errors.ts';
import { type KeyService, unavailable } from './key-service.ts';

const TIMEOUT_MS = 10_000;
/** Its answers are a few hundred bytes. */
const MAX_ANSWER_CHARACTERS = 65_536;
const KEY_BYTES = 32;

export interface TransitOptions {
  /** Of the key, `https://vault.example.com:8200/v1/transit/keys/weft`. */
  url: string;
  /** Read anew for each request: whoever renews the token replaces the file. */
  tokenFile: string;
}

/** A key of the engine Transit of HashiCorp Vault or OpenBao. The token may `encrypt` and `decrypt` with it, and no more. */
export function makeTransit({ url, tokenFile }: TransitOptions): KeyService {
  const [mount, key] = splitUrl(url);
  const name = `the key ${key} of ${mount}`;

  async function send(verb: 'encrypt' | 'decrypt', body: object): Promise<Record<string, unknown>> {
    const token = await readToken();
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${mount}/${verb}/${key}`, {
        method: 'POST',
        headers: { 'x-vault-token': token, 'x-vault-request': 'true', 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = (await response.text()).slice(0, MAX_ANSWER_CHARACTERS);
    } catch (error) {
      throw unavailable(name, `does not answer (${reasonOf(error)})`, error);
    }
    const answer = parse(text);
    if (response.ok && answer.data) return answer.data;
    const reason = answer.errors?.join(' ').trim() || 'no reason given';
    throw unavailable(name, `answers ${response.status} to \`${verb}\`: ${reason.slice(0, 500)}`);
  }

  async function readToken(): Promise<string> {
    try {
      return (await readFile(tokenFile, 'utf8')).trim();
    } catch (error) {
      throw unavailable(name, `needs the token of ${tokenFile} (${coerceError(error).message})`, error);
    }
  }

  return {
    name,
    async wrap(dataKey) {
      const { ciphertext } = await send('encrypt', { plaintext: dataKey.toString('base64') });
      // `vault:v3:…`
      const version = typeof ciphertext === 'string' ? /^\w+:v\d+(?=:)/.exec(ciphertext)?.[0] : undefined;
      if (version === undefined) throw unavailable(name, 'answers with no ciphertext of Transit');
      return { wrapped: ciphertext as string, version: `${mount}/keys/${key} ${version}` };
    },
    async unwrap(wrapped) {
      const { plaintext } = await send('decrypt', { ciphertext: wrapped });
      const dataKey = Buffer.from(typeof plaintext === 'string' ? plaintext : '', 'base64');
      if (dataKey.length !== KEY_BYTES) throw unavailable(name, 'answers with no key of 32 bytes');
      return dataKey;
    },
  };
}

/** The address of the engine, and the name of the key. The setting has been checked. */
function splitUrl(url: string): [mount: string, key: string] {
  const at = url.lastIndexOf('/keys/');
  return [url.slice(0, at), url.slice(at + '/keys/'.length)];
}

function parse(text: string): { data?: Record<string, unknown>; errors?: string[] } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = coerceError(error);
  const { code, message: deeper } = (cause ?? {}) as { code?: string; message?: string };
  return code ?? deeper ?? message;
}
