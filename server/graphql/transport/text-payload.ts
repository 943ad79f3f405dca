/**
 * Payloads that are JSON text already, in the messages of graphql-ws, which writes a message with one JSON.stringify and
 * sends it in the same turn of the event loop. What JSON.stringify asks for its JSON notes its text here, and the text
 * is put in its place before the message is sent. So no other message can come between the two.
 */
let noted: string | null = null;

const PLACE = 'null}';

/** An object that graphql-ws takes for the payload of its message. */
export function asPayload(text: string): object {
  return {
    toJSON() {
      noted = text;
      return null;
    },
  };
}

/** The message as it is sent; the payload is its last property. */
export function withPayload(message: string): string {
  if (noted === null) return message;
  const text = noted;
  noted = null;
  if (!message.endsWith(PLACE)) throw new Error(`Expected a payload at the end of ${message.slice(0, 100)}`);
  return `${message.slice(0, -PLACE.length)}${text}}`;
}
