import { type ReactElement, useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

/** Copies a text, and says for a moment that it did. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): ReactElement {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 1_600);
    return () => clearTimeout(timer);
  }, [outcome]);
  // Pages without TLS have no clipboard, except on localhost.
  const copy = () =>
    Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))).then(
      () => setOutcome('copied'),
      () => setOutcome('failed'),
    );
  return (
    <IconButton
      icon={outcome === 'copied' ? 'check' : outcome === 'failed' ? 'alert' : 'copy'}
      label={outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'The browser refused' : label}
      size="small"
      onClick={() => void copy()}
    />
  );
}
