import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Logger } from '../logger.ts';
import { HttpError } from './http-error.ts';

/**
 * Decides which requests the server accepts. The server runs code, so a foreign web page must not reach it: neither
 * by a form or fetch (Origin), nor through a name that the page's owner made point at this machine (Host; "DNS
 * rebinding"), nor by what needs no permission, such as an image (Sec-Fetch-Site). Browsers hide from a page why it was refused, so the guard logs each refused origin and host once.
 */
export interface Guard {
  /** Throws HttpError 403 unless Host and Origin are ours, and no page of another site sends it without an Origin. */
  admit(request: IncomingMessage): void;
  /** The headers that let the page of an allowed origin read the response; empty for any other. */
  corsHeaders(request: IncomingMessage): Record<string, string>;
}

export interface GuardOptions {
  /** The address that the server binds to. */
  host: string;
  /** Null for a process that no setting opens to the pages of other origins. */
  allowedOrigins: readonly string[] | null;
  logger: Logger;
}

export function makeGuard({ host, allowedOrigins, logger }: GuardOptions): Guard {
  const origins = new Set(allowedOrigins?.map((origin) => new URL(origin).origin));
  const hosts = new Set([...origins].map((origin) => new URL(origin).host));
  const onLoopback = isLoopbackName(host);
  const warnOnce = makeWarnOnce(logger);

  function findRefusal({ headers }: IncomingMessage): Refusal | null {
    const target = URL.parse(`http://${headers.host ?? ''}`);
    if (onLoopback && !(target && (isLoopbackName(target.hostname) || hosts.has(target.host))))
      return foreignHost(headers.host);
    const { origin } = headers;
    if (origin === undefined) return isFromAnotherSite(headers) ? foreignSite(headers) : null;
    if (origins.has(origin)) return null;
    return target && URL.parse(origin)?.host === target.host ? null : foreignOrigin(origin);
  }

  return {
    admit(request) {
      const refusal = findRefusal(request);
      if (refusal === null) return;
      const { code, expectation, origin } = refusal;
      if (allowedOrigins === null || origin === null) {
        warnOnce(expectation, { code });
        throw new HttpError(403, code, `${expectation} No setting of this process allows it.`);
      }
      const setting = [...origins, origin].join(',');
      warnOnce(`${expectation} To allow it, restart with WEFT_ALLOWED_ORIGINS=${setting}`, { code, origin });
      const remedy = `To allow it, add ${origin} to WEFT_ALLOWED_ORIGINS (comma-separated) and restart the server.`;
      throw new HttpError(403, code, `${expectation} ${remedy}`);
    },
    corsHeaders(request) {
      const { origin } = request.headers;
      return origin !== undefined && origins.has(origin) ? corsFor(origin) : {};
    },
  };
}

interface Refusal {
  code: 'FORBIDDEN_HOST' | 'FORBIDDEN_ORIGIN';
  expectation: string;
  /** The origin that WEFT_ALLOWED_ORIGINS would have to hold; null where what arrived is none. */
  origin: string | null;
}

function foreignHost(host: string | undefined): Refusal {
  return {
    code: 'FORBIDDEN_HOST',
    expectation: `Expected a loopback name (localhost, 127.0.0.1, [::1]) in the Host header, got ${quote(host)}.`,
    origin: allowableOrigin(`http://${host ?? ''}`),
  };
}

function foreignOrigin(origin: string): Refusal {
  return {
    code: 'FORBIDDEN_ORIGIN',
    expectation: `Expected a request from this server's own pages, got one from the origin ${quote(origin)}.`,
    origin: allowableOrigin(origin),
  };
}

/**
 * Browsers send no Origin with a GET that asks for no permission, such as that of an image or a script, but say how the
 * page is related to us. A navigation is a person who follows a link to one of our pages.
 */
function isFromAnotherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

function foreignSite(headers: IncomingHttpHeaders): Refusal {
  return {
    code: 'FORBIDDEN_ORIGIN',
    expectation:
      "Expected a request from this server's own pages, got one from a page of another origin (Sec-Fetch-Site: " +
      `${headers['sec-fetch-site']}) that does not name it. Pages of allowed origins use \`fetch\` or a WebSocket.`,
    origin: null,
  };
}

/** Null for origins that no setting can name, such as the `null` of a page that was opened as a file. */
function allowableOrigin(text: string): string | null {
  const url = text.length <= MAX_QUOTED ? URL.parse(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : null;
}

/** Both headers are the client's text, of up to 16 KiB. */
const MAX_QUOTED = 300;

function quote(text: string | undefined): string {
  return text ? JSON.stringify(text.slice(0, MAX_QUOTED)) : 'none';
}

const MAX_WARNINGS = 100;

/** Logs each message once, and at most MAX_WARNINGS of them: clients choose their headers, and must not fill the log. */
function makeWarnOnce(logger: Logger) {
  const warned = new Set<string>();
  return (message: string, fields: object) => {
    if (warned.size > MAX_WARNINGS || warned.has(message)) return;
    warned.add(message);
    if (warned.size <= MAX_WARNINGS) logger.warn(fields, message);
    else logger.warn('Too many different origins and hosts were refused: the log names no further ones');
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
      'content-type, accept, authorization, weft-project, apollo-require-preflight, x-apollo-operation-name, ' +
      'traceparent, tracestate',
    'access-control-allow-private-network': 'true',
    'access-control-max-age': '600',
    vary: 'origin',
  };
}
