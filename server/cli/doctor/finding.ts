import { coerceError, WeftError } from '../../shared/errors.ts';

/** One line of the doctor's report. */
export interface Finding {
  what: string;
  ok: boolean;
  /** Missing, and Weft works without it. */
  isMissing?: boolean;
  detail: string;
  /** Only where `ok` is false and the detail names no remedy. */
  remedy?: string;
}

export function good(what: string, detail: string): Finding {
  return { what, ok: true, detail };
}

export function missing(what: string, detail: string): Finding {
  return { what, ok: true, isMissing: true, detail };
}

export function bad(what: string, detail: string, remedy?: string): Finding {
  return { what, ok: false, detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** The message of a WeftError contains the remedy already. */
export function failed(what: string, thrown: unknown, remedy?: string): Finding {
  return thrown instanceof WeftError
    ? bad(what, thrown.message)
    : bad(what, coerceError(thrown).message, remedy);
}
