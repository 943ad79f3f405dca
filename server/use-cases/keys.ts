const KEY = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether it can be the key of a node or the name of a handle. */
export function isKey(name: string): boolean {
  return KEY.test(name);
}

/** Cut, because a client's text may be as long as its request. */
export function quoteForMessage(name: string): string {
  return `\`${name.length > 80 ? `${name.slice(0, 80)}…` : name}\``;
}
