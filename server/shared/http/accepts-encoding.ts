import type { IncomingMessage } from 'node:http';

/** Whether a client takes a body in this coding: one that it refuses has the quality 0. */
export function acceptsEncoding({ headers }: IncomingMessage, coding: string): boolean {
  const offers = String(headers['accept-encoding'] ?? '').split(',');
  return offers.some((offer) => {
    const [name = '', quality = ''] = offer.split(';', 2);
    return name.trim().toLowerCase() === coding && !/^q=0(?:\.0*)?$/.test(quality.trim());
  });
}
