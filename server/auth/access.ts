import type { Hub } from '../journal/hub.ts';
import { makeBearerCheck } from '../shared/http/bearer.ts';
import { HttpError } from '../shared/http/http-error.ts';
import type { Logger } from '../shared/logger.ts';
import { anonymous, firstAdmin, type Principal } from './principal.ts';
import { hashOf, TOKEN_PREFIX } from './token-secret.ts';
import type { TokenStore } from './token-store.ts';

/** Who sends a request, by its token, and until when. */
export interface Access extends Disposable {
  /**
   * The principal of an `Authorization` header. Without a token of the setting everybody is an administrator, but a token
   * that this server made counts as what it is.
   * @throws HttpError 401
   */
  authenticate(authorization: string | undefined): Principal | Promise<Principal>;
  /** Calls `end` once the principal's token is revoked or expired. Returns the releaser. */
  watch(principal: Principal, end: () => void): () => void;
}

export interface AccessOptions {
  apiToken: string | undefined;
  /** Null where there is no database, and so no token but that of the setting. */
  tokens: TokenStore | null;
  hub: Pick<Hub, 'listen'> | null;
  logger: Logger;
}

/** How long a token that was looked up is believed. A revocation reaches all replicas at once; this is for a lost one. */
const BELIEVED_MS = 5_000;
/** How often the tokens of what is open are looked at. */
const LOOK_MS = 3_000;
const MAX_KNOWN = 10_000;

interface Known {
  principal: Principal;
  until: number;
}

export function openAccess({ apiToken, tokens, hub, logger }: AccessOptions): Access {
  const checkApiToken = makeBearerCheck(apiToken, TOKEN_HINT);
  /** By the hash of the secret: none is kept in memory. In the order of reading. */
  const known = new Map<string, Known>();
  const open = new Map<string, Set<() => void>>();
  const stopListening = hub?.listen('token', undefined, (id) => {
    forget(id);
    look();
  });
  const timer = setInterval(look, LOOK_MS).unref();

  return {
    authenticate(authorization) {
      const secret = tokens === null ? null : secretOf(authorization);
      if (secret === null || isApiToken(authorization)) {
        checkApiToken(authorization);
        return apiToken === undefined ? anonymous : firstAdmin;
      }
      const hash = hashOf(secret);
      const found = known.get(hash.toString('latin1'));
      if (found !== undefined && found.until > Date.now()) return found.principal;
      return lookUp(hash);
    },

    watch({ id, kind }, end) {
      if (kind === 'ANONYMOUS' || kind === 'API_TOKEN') return () => {};
      const ends = open.get(id) ?? new Set();
      open.set(id, ends.add(end));
      return () => {
        ends.delete(end);
        if (ends.size === 0 && open.get(id) === ends) open.delete(id);
      };
    },

    [Symbol.dispose]() {
      clearInterval(timer);
      stopListening?.();
    },
  };

  /** Only where the setting looks like one of ours. */
  function isApiToken(authorization: string | undefined): boolean {
    if (!apiToken?.startsWith(TOKEN_PREFIX)) return false;
    try {
      checkApiToken(authorization);
      return true;
    } catch {
      return false;
    }
  }

  async function lookUp(hash: Buffer): Promise<Principal> {
    const key = hash.toString('latin1');
    const readAt = Date.now();
    const found = await tokens!.find(hash);
    const before = known.get(key)?.principal;
    known.delete(key);
    if (found === null) throw refused();
    const principal = before ?? found;
    const until = Math.min(readAt + BELIEVED_MS, found.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY);
    known.set(key, { principal, until });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    return principal;
  }

  /** One token, or all where wake-ups may have been lost. They are looked up again, and stay the same objects. */
  function forget(id: string | undefined): void {
    for (const each of known.values()) if (id === undefined || each.principal.id === id) each.until = 0;
  }

  function look(): void {
    if (open.size === 0 || tokens === null) return;
    tokens.ended([...open.keys()]).then(
      (ids) => {
        for (const id of ids) for (const end of [...(open.get(id) ?? [])]) end();
      },
      (error) => logger.debug({ err: error }, 'the tokens of open streams could not be looked at'),
    );
  }
}

function secretOf(authorization: string | undefined): string | null {
  const text = authorization ?? '';
  return text.startsWith(`Bearer ${TOKEN_PREFIX}`) ? text.slice('Bearer '.length) : null;
}

function refused(): HttpError {
  return new HttpError(
    401,
    'UNAUTHENTICATED',
    'Expected a token of this server that is neither revoked nor expired, got another. Ask an administrator for a new one.',
    { 'www-authenticate': 'Bearer' },
  );
}

const TOKEN_HINT =
  'The token is the value of WEFT_API_TOKEN, or one that `tokenCreate` made; a WebSocket may also send it as ' +
  '`authorization` in the connection params.';
