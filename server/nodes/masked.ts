import type { NodeError } from '../journal/event.ts';
import type { Masker } from '../shared/masking/masker.ts';
import type { LateEvent, NodeContext, NodeFile, WatchedEvent } from './definition.ts';

/** The same context, of which nothing comes out that shows a secret. Words of Weft's own, such as codes, stay. */
export function maskedContext<Config>(context: NodeContext<Config>, masker: Masker): NodeContext<Config> {
  const { emit, emitLate, notify, saveArtifact } = context;
  return {
    ...context,
    emit: (event) => emit(maskedEvent(event, masker)),
    emitLate: (event, isFatal) => emitLate(maskedViolation(event, masker), isFatal),
    notify: (code, message) => notify(code, masker.text(message)),
    saveArtifact: (file) => saveArtifact(maskedFile(file, masker)),
  };
}

export function maskedError<E extends Partial<NodeError>>(error: E, { text, value, number }: Masker): E {
  const { type, message, traceback, stderr, line, column, exitCode, details } = error;
  const texts = { type, message, traceback, stderr };
  const numbers = { line, column, exitCode };
  return {
    ...error,
    ...mapped(texts, (each) => (typeof each === 'string' ? text(each) : each)),
    ...mapped(numbers, (each) => (typeof each === 'number' ? number(each) : each)),
    ...(details !== undefined && { details: value(details) }),
  };
}

function maskedEvent(event: WatchedEvent, masker: Masker): WatchedEvent {
  const { text, number } = masker;
  switch (event.type) {
    case 'NodeOutput':
      return { ...event, text: text(event.text) };
    case 'NodeProgress':
      return {
        ...event,
        current: number(event.current) ?? 0,
        total: number(event.total),
        unit: event.unit && text(event.unit),
        message: event.message && text(event.message),
      };
    case 'NodeEnvironment':
      return { ...event, message: event.message && text(event.message) };
    case 'NetworkRequest':
      return { ...event, host: text(event.host) };
    case 'NodeNotice':
      return { ...event, message: text(event.message) };
    case 'SecurityViolation':
      return maskedViolation(event, masker);
    case 'ArtifactCreated':
      return event; // as it was saved
    default:
      return event satisfies never;
  }
}

function maskedViolation(event: LateEvent, { text, number }: Masker): LateEvent {
  const { rule, message, line, column } = event.violation;
  return {
    ...event,
    violation: {
      ...event.violation,
      rule: text(rule),
      message: text(message),
      line: number(line),
      column: number(column),
    },
  };
}

/** Its content too: what shows a secret there is replaced, whatever the file is. */
function maskedFile({ id, name, mimeType, content }: NodeFile, masker: Masker): NodeFile {
  const { text, bytes } = masker;
  return {
    // The program may have chosen a part of it; without one, it gets another.
    id: id !== undefined && text(id) === id ? id : undefined,
    name: text(name),
    mimeType: mimeType && text(mimeType),
    content: Buffer.isBuffer(content) ? bytes(content) : maskedPieces(content, masker),
  };
}

async function* maskedPieces(content: AsyncIterable<Buffer>, masker: Masker): AsyncGenerator<Buffer> {
  const stream = masker.stream();
  for await (const piece of content) yield stream.add(piece);
  yield stream.end();
}

/** Those that are there. */
function mapped<Fields extends object>(fields: Fields, change: (value: unknown) => unknown): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, change(value)]])),
  ) as Partial<Fields>;
}
