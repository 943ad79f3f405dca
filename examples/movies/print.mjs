/** Prints an execution's events for people; progress in steps of a quarter. */
export function makePrinter(print = console.log) {
  let startedAt;
  const quarters = new Map();

  return function printEvent(event) {
    startedAt ??= Date.parse(event.occurredAt);
    const text = describe(event);
    if (text === null) return;
    const seconds = ((Date.parse(event.occurredAt) - startedAt) / 1_000).toFixed(3).padStart(7);
    for (const line of text.split('\n')) print(`${seconds}s  ${(event.nodeKey ?? '').padEnd(10)} ${line}`);
  };

  function describe(event) {
    switch (event.__typename) {
      case 'ExecutionStarted':
        return '▶ started';
      case 'ExecutionSucceeded':
        return '✔ succeeded';
      case 'ExecutionFailed':
        return `✘ failed: ${event.error.code} ${event.error.message}`;
      case 'ExecutionCanceled':
        return '✘ canceled';
      case 'NodeStarted':
        return '▶';
      case 'NodeSucceeded':
        return `✔ ${event.durationMs.toFixed(1)} ms`;
      case 'NodeFailed':
        return `✘ ${event.error.type ?? event.error.code}: ${event.error.message} (line ${event.error.line})`;
      case 'NodeSkipped':
        return '- skipped';
      case 'NodeOutput':
        return `│ ${event.text.trimEnd().replaceAll('\n', '\n│ ')}`;
      case 'NodeProgress':
        return describeProgress(event);
      default:
        return null;
    }
  }

  function describeProgress({ nodeKey, current, total, message }) {
    const quarter = Math.floor((4 * current) / total);
    if (quarters.get(nodeKey) === quarter) return null;
    quarters.set(nodeKey, quarter);
    return `${'█'.repeat(quarter * 5).padEnd(20, '░')} ${current}/${total} ${message ?? ''}`;
  }
}
