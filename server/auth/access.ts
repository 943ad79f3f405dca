import type { Hub } from '../journal/hub.ts';
import { type Allowance, NO_ALLOWANCE } from '../shared/allowance.ts';
import { makeBearerCheck } from '../shared/http/bearer.ts';
import { HttpError } from '../shared/http/http-error.ts';
import type { Logger } from '../shared/logger.ts';
import { type Account, withDefaults } from './accounts.ts';
import { isJwt, type Oidc } from './oidc.ts';
import { anonymous, DEFAULT_PROJECT, firstAdmin, type Principal } from './principal.ts';
import type { ProjectStore } from './project-store.ts';
import { hashOf, isSecret, TOKEN_PREFIX } from './token-secret.ts';
import type { TokenStore } from './token-store.ts';

/** Who sends a request, by its token, and until when. */
export interface Access extends Disposable {
  /**
   * The principal of an `Authorization` header, acting in the project that the request names. Without a token of the
   * setting everybody is an administrator, but a token that this server made counts as what it is.
   * @throws HttpError 401; 403 for a project of others; 400 for one that does not exist
   */
  authenticate(authorization: string | undefined, project?: string): Principal | Promise<Principal>;
  /** Calls `end` once the principal's token is revoked or expired. Returns the releaser. */
  watch(principal: Principal, end: () => void): () => void;
}

export interface AccessOptions {
  apiToken: string | undefined;
  /** Null where there is no database, and so no token but that of the setting. */
  tokens: TokenStore | null;
  /** Null where there is no database, and so no project but `default`. */
  projects: ProjectStore | null;
  /** Null where no issuer is named. With one, every request needs a token. */
  oidc: Oidc | null;
  hub: Pick<Hub, 'listen'> | null;
  /** Of tokens that say nothing of it; without it nothing limits them. */
  allowance?: Allowance;
  logger: Logger;
}

/** How long a token that was looked up is believed. A revocation reaches all replicas at once; this is for a lost one. */
const BELIEVED_MS = 5_000;
/** The same for a token of an issuer: nobody can revoke it, but its key may be withdrawn. */
const BELIEVED_OF_ISSUER_MS = 60_000;
/** How often the tokens of what is open are looked at. */
const LOOK_MS = 3_000;
const MAX_KNOWN = 10_000;

interface Known {
  principal: Principal;
  until: number;
}

export function openAccess({
  apiToken,
  tokens,
  projects,
  oidc,
  hub,
  allowance = NO_ALLOWANCE,
  logger,
}: AccessOptions): Access {
  const checkApiToken = makeBearerCheck(apiToken, TOKEN_HINT);
  /** By the hash of the secret: none is kept in memory. In the order of reading. */
  const known = new Map<string, Known>();
  const open = new Map<Principal, Set<() => void>>();
  /** Each principal in the projects in which it did something, and so with what these may use. */
  const acting = new WeakMap<Principal, Map<string, Principal>>();
  const stopListening = [
    hub?.listen('token', undefined, (id) => {
      forget(id);
      look();
    }),
    hub?.listen('project', undefined, (key) => {
      projects
        ?.refresh(key)
        .catch((error) => logger.debug({ err: error }, 'limits of projects are read later'));
    }),
  ];
  const timer = setInterval(look, LOOK_MS).unref();

  return {
    authenticate(authorization, project) {
      const found = identify(authorization);
      if (found instanceof Promise) return found.then((principal) => actIn(principal, project));
      return actIn(found, project);
    },

    watch(principal, end) {
      if (principal.kind === 'ANONYMOUS' || principal.kind === 'API_TOKEN') return () => {};
      const ends = open.get(principal) ?? new Set();
      open.set(principal, ends.add(end));
      return () => {
        ends.delete(end);
        if (ends.size === 0 && open.get(principal) === ends) open.delete(principal);
      };
    },

    [Symbol.dispose]() {
      clearInterval(timer);
      for (const stop of stopListening) stop?.();
    },
  };

  function identify(authorization: string | undefined): Principal | Promise<Principal> {
    const secret = secretOf(authorization);
    const look = isApiToken(authorization) ? null : lookerFor(secret);
    if (look === null) {
      if (apiToken === undefined && oidc !== null) throw expectedToken();
      checkApiToken(authorization);
      return apiToken === undefined ? anonymous : firstAdmin;
    }
    const hash = hashOf(secret);
    const found = known.get(hash.toString('latin1'));
    if (found !== undefined && found.until > Date.now()) return found.principal;
    return lookUp(hash, look);
  }

  /** Each project has one principal, as each token has: what is open and cached goes by it. */
  function actIn(principal: Principal, named: string | undefined): Principal | Promise<Principal> {
    const project = named ?? principal.reach.project;
    if (principal.projects !== null && !principal.projects.includes(project))
      throw otherProject(principal, project);
    if (projects === null) {
      if (project !== DEFAULT_PROJECT) throw unknownProject(project);
      return principal;
    }
    const account = projects.find(project);
    if (account instanceof Promise) return account.then((found) => within(principal, project, found));
    return within(principal, project, account);
  }

  function within(principal: Principal, project: string, account: Account | null): Principal {
    if (account === null) throw unknownProject(project);
    const known = acting.get(principal) ?? new Map<string, Principal>();
    acting.set(principal, known);
    const found = known.get(project);
    if (found?.accounts.at(-1) === account) return found;
    const { reach, accounts } = principal;
    const made = { ...principal, reach: { ...reach, project }, accounts: [...accounts, account] };
    known.set(project, made);
    return made;
  }

  /** Only where the setting looks like one of ours, or of an issuer. */
  function isApiToken(authorization: string | undefined): boolean {
    if (apiToken === undefined || !(apiToken.startsWith(TOKEN_PREFIX) || isJwt(apiToken))) return false;
    try {
      checkApiToken(authorization);
      return true;
    } catch {
      return false;
    }
  }

  /** How the principal of a secret is found; null where it is the setting's, or nobody's. */
  function lookerFor(secret: string): Looker | null {
    if (tokens !== null && secret.startsWith(TOKEN_PREFIX))
      return {
        // What cannot be one costs the database nothing.
        find: async (hash) => (isSecret(secret) ? await tokens.find(hash) : null) ?? refuse(),
        believedMs: BELIEVED_MS,
      };
    if (oidc !== null && isJwt(secret))
      return { find: () => oidc.authenticate(secret), believedMs: BELIEVED_OF_ISSUER_MS };
    return null;
  }

  async function lookUp(hash: Buffer, { find, believedMs }: Looker): Promise<Principal> {
    const key = hash.toString('latin1');
    const readAt = Date.now();
    const before = known.get(key)?.principal;
    known.delete(key);
    const found = await find(hash);
    const principal = before ?? { ...found, accounts: withDefaults(found.accounts, allowance) };
    const until = Math.min(readAt + believedMs, found.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY);
    known.set(key, { principal, until });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    return principal;
  }

  /** One token, or all where wake-ups may have been lost. They are looked up again, and stay the same objects. */
  function forget(id: string | undefined): void {
    for (const each of known.values()) if (id === undefined || each.principal.id === id) each.until = 0;
  }

  function look(): void {
    const ours: Principal[] = [];
    for (const principal of open.keys()) {
      if (principal.kind !== 'OIDC') ours.push(principal);
      else if (principal.expiresAt!.getTime() <= Date.now()) endAll(principal);
    }
    if (ours.length === 0 || tokens === null) return;
    tokens.ended(ours.map(({ id }) => id)).then(
      (ids) => {
        const ended = new Set(ids);
        for (const principal of ours) if (ended.has(principal.id)) endAll(principal);
      },
      (error) => logger.debug({ err: error }, 'the tokens of open streams could not be looked at'),
    );
  }

  function endAll(principal: Principal): void {
    for (const end of [...(open.get(principal) ?? [])]) end();
  }
}

interface Looker {
  /** @throws HttpError */
  find(hash: Buffer): Promise<Principal>;
  believedMs: number;
}

/** Empty where there is none. */
function secretOf(authorization: string | undefined): string {
  return authorization?.startsWith(BEARER) ? authorization.slice(BEARER.length) : '';
}

const BEARER = 'Bearer ';

function refuse(): never {
  throw new HttpError(
    401,
    'UNAUTHENTICATED',
    'Expected a token of this server that is neither revoked nor expired, got another. Ask an administrator for a new one.',
    { 'www-authenticate': 'Bearer' },
  );
}

function expectedToken(): HttpError {
  const message =
    'Expected a token of an issuer, or of this server, as `Authorization: Bearer <token>`, got none or another.';
  return new HttpError(401, 'UNAUTHENTICATED', message, { 'www-authenticate': 'Bearer' });
}

function otherProject({ name, projects }: Principal, project: string): HttpError {
  const message = `Expected a request for ${projects!.join(' or ')}, the project of the token "${name}", got one for ${project.slice(0, 100)}.`;
  return new HttpError(403, 'FORBIDDEN', message);
}

function unknownProject(project: string): HttpError {
  const message = `There is no project ${project.slice(0, 100)}. \`projectCreate\` makes one; without the header Weft-Project a request acts in \`default\`.`;
  return new HttpError(400, 'UNKNOWN_PROJECT', message);
}

const TOKEN_HINT =
  'The token is the value of WEFT_API_TOKEN, or one that `tokenCreate` made; a WebSocket may also send it as ' +
  '`authorization` in the connection params.';
