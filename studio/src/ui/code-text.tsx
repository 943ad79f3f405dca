import type { ReactElement, ReactNode } from 'react';
import './code-text.css';

/** A text for people in which `…` is code, as the server and JSON Schemas write it. */
export function CodeText({ text }: { text: string }): ReactElement {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return <>{text}</>;
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text have no other name
          <code key={index} className="weft-code-text">
            {part}
          </code>
        ),
      )}
    </>
  );
}

/** Whatever shows a text that may be the server's draws it by this; what is no text stays as it is. */
export function withCode(content: ReactNode): ReactNode {
  return typeof content === 'string' ? <CodeText text={content} /> : content;
}
