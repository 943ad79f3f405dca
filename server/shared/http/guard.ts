import type { IncomingMessage } from 'node:http';
import { type CheckBearer, makeBearerCheck } from './bearer.ts';
import { HttpError } from './http-error.ts';

/**
 * Decides who may speak to the server. It runs code, so a web page from elsewhere must not reach it: neither with a
 * form or fetch (Origin), nor through a name that it made point at this machine (Host; "DNS rebinding").
 */
export interface Guard {
  /** Throws HttpError 403 unless Host and Origin are ours. */
  admit(request: IncomingMessage): void;
  /** Throws HttpError 401 unless the value is `Bearer <token>`; lets all pass when there is no token. */
  authorize: CheckBearer;
  /** What lets the page of an allowed origin read the answer; empty for any other. */
  corsHeaders(request: IncomingMessage): Record<string, string>;
}

export interface GuardOptions {
  /** The address that the server binds to. */
  host: string;
  allowedOrigins: readonly string[];
  apiToken?: string | undefined;
}

export function makeGuard({ host, allowedOrigins, apiToken }: GuardOptions): Guard {
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  const hosts = new Set([...origins].map((origin) => new URL(origin).host));
  const onLoopback = isLoopbackName(host);

  return {
    admit(request) {
      const target = URL.parse(`http://${request.headers.host ?? ''}`);
      if (onLoopback && !(target && (isLoopbackName(target.hostname) || hosts.has(target.host)))) {
        throw foreignHost(request.headers.host);
      }
      const { origin } = request.headers;
      if (origin === undefined || origins.has(origin)) return;
      if (!target || URL.parse(origin)?.host !== target.host) throw foreignOrigin(origin);
    },
    authorize: makeBearerCheck(apiToken, TOKEN_HINT),
    corsHeaders(request) {
      const { origin } = request.headers;
      return origin !== undefined && origins.has(origin) ? corsFor(origin) : {};
    },
  };
}

/** True for localhost, *.localhost, 127.0.0.0/8 and ::1 (with or without brackets). */
function isLoopbackName(name: string): boolean {
  const bare = name.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return /^(.+\.)?localhost$|^127(\.\d{1,3}){3}$|^::1$/.test(bare);
}

function corsFor(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers':
      'content-type, accept, authorization, apollo-require-preflight, x-apollo-operation-name',
    'access-control-allow-private-network': 'true',
    'access-control-max-age': '600',
    vary: 'origin',
  };
}

function foreignHost(host: string | undefined): HttpError {
  const got = host ? `"${host}"` : 'none';
  return new HttpError(
    403,
    'FORBIDDEN_HOST',
    `Expected a loopback name (localhost, 127.0.0.1, [::1]) in the Host header, got ${got}. ` +
      'If the server is meant to answer under that name, add its origin to WEFT_ALLOWED_ORIGINS.',
  );
}

function foreignOrigin(origin: string): HttpError {
  return new HttpError(
    403,
    'FORBIDDEN_ORIGIN',
    `Expected a request from this server's own pages, got one from the origin "${origin}". ` +
      'To let that page in, add its origin to WEFT_ALLOWED_ORIGINS (comma-separated).',
  );
}

const TOKEN_HINT =
  'The token is the one in WEFT_API_TOKEN; a WebSocket may also give it as `authorization` in the connection params.';
