/**
 * The name of a file: no folder, and nothing that makes people read another name than the file has.
 * sandbox/python/artifacts.py has the same rule.
 */
export const FILE_NAME =
  /^(?!\.+$)[^/\\\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]{1,200}$/u;

export const EXPECTED_FILE_NAME =
  "Expected the name of a file, such as 'report.csv': without folders, of at most 200 characters, and without " +
  'characters that control text or its direction';
