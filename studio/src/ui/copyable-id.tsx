import type { ReactElement } from 'react';
import { CopyButton } from './copy-button.tsx';
import './copyable-id.css';

/** The id of something, to read and to copy. The short one ends as the id does: ids that are made together begin alike. */
export function CopyableId({
  id,
  of,
  isShort = false,
}: {
  id: string;
  /** What it is the id of, such as `run`. */
  of: string;
  isShort?: boolean;
}): ReactElement {
  return (
    <span className="weft-id">
      <code title={isShort ? id : undefined}>{isShort ? `…${id.slice(-shownCharacters)}` : id}</code>
      <CopyButton text={id} label={`Copy the id of the ${of}`} />
    </span>
  );
}

const shownCharacters = 8;
