import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { NO_ALLOWANCE } from '../shared/allowance.ts';
import { HttpError } from '../shared/http/http-error.ts';
import { tokenAccount } from './accounts.ts';
import { DEFAULT_PROJECT, type Principal, reachOf, type Scope, withIncluded } from './principal.ts';

export interface OidcSettings {
  /** The issuers whose tokens count: each publishes `/.well-known/openid-configuration`. */
  issuers: readonly string[];
  /** What tokens must be made for. */
  audience: string;
  /** The claim whose values are mapped: a list, or a text with spaces. */
  claim: string;
  /** The scope of each value; a value that is not there grants nothing. */
  scopes: ReadonlyMap<string, Scope>;
  /** The claim that names projects, by their keys or by `*` for all; null where every token is for all. */
  projectClaim: string | null;
}

/** Finds out whose a JSON Web Token is. */
export interface Oidc {
  /** @throws HttpError 401, and 503 where the issuer's keys cannot be read */
  authenticate(jwt: string): Promise<Principal>;
}

/** Signatures by a key that only the issuer has. Neither `none` nor those of a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** How far the clocks of issuers may be off. */
const TOLERANCE_SECONDS = 60;
const TIMEOUT_MS = 5_000;
/** Keys are read again after so long, and at once, but not more often, where a token names one that is not known. */
const KEYS_MS = 600_000;
const COOLDOWN_MS = 5_000;
/** A limit for workflows, as the `workflowKeys` of a token: a list of keys. */
const WORKFLOWS_CLAIM = 'weft_workflows';
const MAX_NAME = 100;

export function makeOidc({ issuers, audience, claim, scopes, projectClaim }: OidcSettings): Oidc {
  const keysOf = new Map(issuers.map((issuer) => [issuer, makeKeys(issuer)]));

  return {
    async authenticate(jwt) {
      const issuer = issuerOf(jwt);
      const keys = issuer === null ? undefined : keysOf.get(issuer);
      if (issuer === null || keys === undefined) throw refused('its issuer is not among WEFT_OIDC_ISSUERS');
      const { payload } = await jwtVerify(jwt, await keys(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp', 'iat'],
      }).catch(refuse);
      const now = Date.now() / 1_000;
      if (payload.iat! > now + TOLERANCE_SECONDS) throw refused('it was issued in the future');
      // Without tolerance: what is open ends at this moment too.
      if (payload.exp! <= now) throw refused('it has expired');
      return principalOf(issuer, payload);
    },
  };

  /** @throws HttpError 403: who is in no project must not be taken for somebody who is in all */
  function projectsOf(payload: JWTPayload): string[] | null {
    if (projectClaim === null) return null;
    const named = textsOf(payload[projectClaim]);
    if (named.includes(ALL_PROJECTS)) return null;
    if (named.length > 0) return named;
    const message = `Expected a token whose claim ${projectClaim} names a project, got one that names none.`;
    throw new HttpError(403, 'FORBIDDEN', message);
  }

  function principalOf(issuer: string, payload: JWTPayload): Principal {
    const sub = payload.sub!;
    const names = [payload.name, payload.preferred_username, payload.email, sub];
    const granted = textsOf(payload[claim]).flatMap((value) => scopes.get(value) ?? []);
    const workflows = payload[WORKFLOWS_CLAIM];
    const projects = projectsOf(payload);
    const id = `${new URL(issuer).host}/${sub}`.slice(0, MAX_ID);
    return {
      id,
      name: String(names.find((name) => typeof name === 'string' && name !== '')).slice(0, MAX_NAME),
      kind: 'OIDC',
      scopes: withIncluded(granted),
      projects,
      reach: {
        ...reachOf(projects?.[0] ?? DEFAULT_PROJECT),
        workflowKeys: workflows === undefined ? null : textsOf(workflows),
      },
      accounts: [tokenAccount(id, NO_ALLOWANCE)],
      expiresAt: new Date(payload.exp! * 1_000),
    };
  }
}

const MAX_ID = 300;
const ALL_PROJECTS = '*';

/** Texts that have the shape of a JSON Web Token: a header that is an object, a payload and a signature, maybe empty. */
export function isJwt(secret: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(secret);
}

/** Not verified yet: it chooses the keys by which the token is. */
function issuerOf(jwt: string): string | null {
  try {
    return decodeJwt(jwt).iss ?? null;
  } catch {
    return null;
  }
}

const Configuration = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** The keys of an issuer, found with its first token; what fails is tried again with the next one. */
function makeKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
  let keys: Promise<JWTVerifyGetKey> | null = null;

  async function find(): Promise<JWTVerifyGetKey> {
    const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(place, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { issuer: named, jwks_uri } = Configuration.parse(await response.json());
    if (named !== issuer) throw new Error(`Expected ${place} to name the issuer ${issuer}, got ${named}`);
    // A page of the issuer could otherwise lead the keys to where anybody may write.
    if (new URL(issuer).protocol === 'https:' && new URL(jwks_uri).protocol !== 'https:')
      throw new Error(`Expected the keys of ${issuer} at an https address, got ${jwks_uri}`);
    return createRemoteJWKSet(new URL(jwks_uri), {
      timeoutDuration: TIMEOUT_MS,
      cacheMaxAge: KEYS_MS,
      cooldownDuration: COOLDOWN_MS,
    });
  }

  return () => {
    keys ??= find().catch((error) => {
      keys = null;
      throw unavailable(issuer, error);
    });
    return keys;
  };
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter((part) => part !== '');
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
}

function refuse(error: unknown): never {
  // `generic` is an answer that is no set of keys.
  const isFault =
    !(error instanceof errors.JOSEError) || ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT'].includes(error.code);
  if (error instanceof HttpError) throw error;
  if (isFault) throw unavailable('the token', error);
  throw refused(error.message);
}

/** What is wrong is no secret: whoever has a token sees all of it. */
function refused(why: string): HttpError {
  const message = `Expected a valid token of an issuer, got one that is refused: ${why.slice(0, 300)}.`;
  return new HttpError(401, 'UNAUTHENTICATED', message, { 'www-authenticate': 'Bearer' });
}

function unavailable(what: string, cause: unknown): HttpError {
  const { message } = cause as Error;
  return new HttpError(
    503,
    'ISSUER_UNAVAILABLE',
    `The keys for ${what} cannot be read now: ${message}. Try again.`,
  );
}
