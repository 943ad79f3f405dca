import { coerceError, WeftError } from '../../shared/errors.ts';

/** What the doctor says about one thing. */
export interface Finding {
  what: string;
  ok: boolean;
  /** It is not there, and Weft can do without. */
  isMissed?: boolean;
  detail: string;
  /** Only with `ok: false`, and only where the detail does not say it already. */
  remedy?: string;
}

export function good(what: string, detail: string): Finding {
  return { what, ok: true, detail };
}

export function missed(what: string, detail: string): Finding {
  return { what, ok: true, isMissed: true, detail };
}

export function bad(what: string, detail: string, remedy?: string): Finding {
  return { what, ok: false, detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** A WeftError says what to do in its message. */
export function failed(what: string, thrown: unknown, remedy?: string): Finding {
  return thrown instanceof WeftError
    ? bad(what, thrown.message)
    : bad(what, coerceError(thrown).message, remedy);
}
