/**
 * Removes the secrets of an installer's variables from its output. An installer puts variables into what it prints: uv
 * expands `${NAME}` in the URLs of foreign metadata.
 */
export function makeRedactor(variables: Readonly<Record<string, string>>): (text: string) => string {
  const secrets = Object.entries(variables)
    .flatMap(([name, value]) =>
      SECRET_NAME.test(name) ? [value] : value.split(/[\s,]+/).flatMap(credentials),
    )
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

const SECRET_NAME = /PASSWORD|USERNAME|TOKEN|SECRET/;
/** Shorter ones would remove ordinary letters; trimOutput removes them where they stand in a URL. */
const MIN_LENGTH = 3;

/** The user and password of a URL, as written and decoded. */
function credentials(word: string): string[] {
  const start = word.indexOf('://');
  const url = start < 0 ? null : URL.parse(word.slice(word.lastIndexOf('=', start) + 1));
  // A URL without its scheme, or one that is malformed.
  if (url === null) return [word.slice(start < 0 ? 0 : start + 3, Math.max(0, word.lastIndexOf('@')))];
  return [url.username, url.password].flatMap((text) => [text, decode(text)]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
