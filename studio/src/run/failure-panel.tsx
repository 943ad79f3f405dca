import type { ExecutionDetails, NodeFailure } from '@weft/client';
import type { ReactElement } from 'react';
import { classNames } from '../ui/class-names.ts';
import { withCode } from '../ui/code-text.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { codeExcerpt } from './model/code-excerpt.ts';
import { TargetLink } from './navigation.tsx';
import './failure-panel.css';

export interface FailurePanelProps {
  error: NodeFailure;
  details: ExecutionDetails | undefined;
  nameOf: (nodeKey: string) => string;
  /** What it is called for who cannot see it; of the run as a whole unless given. */
  label?: string;
  /** Whether the run went on at the node's error handle. */
  isHandled?: boolean;
  /** Leads to the node; not where that is chosen already. */
  onSelectNode?: (nodeKey: string) => void;
}

/** Why the run or a node failed: the message, the line of the author's own code, and the way to mend it. */
export function FailurePanel(props: FailurePanelProps): ReactElement {
  const { error, details, nameOf, label = 'Why it failed', isHandled = false, onSelectNode } = props;
  const { nodeKey, line, type, message, traceback, code } = error;
  const node = details?.version?.nodes.find(({ key }) => key === nodeKey);
  const excerpt = codeExcerpt(node?.config, line);
  const text = [`${type ?? code}: ${message}`, traceback].filter(Boolean).join('\n\n');
  return (
    <section className="weft-failure" aria-label={label}>
      <header className="weft-failure__header">
        <Icon name="circleX" />
        <h2>
          <span className="weft-failure__type">{type ?? code}</span>
          {message !== '' && <span className="weft-failure__message">{withCode(shortened(message))}</span>}
        </h2>
        <CopyButton text={text} label="Copy the error" />
      </header>
      <p className="weft-failure__where">
        {nodeKey !== null && (
          <>
            in{' '}
            {onSelectNode ? (
              <button type="button" className="weft-link" onClick={() => onSelectNode(nodeKey)}>
                {nameOf(nodeKey)}
              </button>
            ) : (
              nameOf(nodeKey)
            )}
          </>
        )}
        {line !== null && `, line ${line}`}
        {type !== null && <span className="weft-muted"> · {code}</span>}
        {isHandled && ' · handled: the run went on along the error handle'}
        {details?.workflow && nodeKey !== null && (
          <TargetLink
            className="weft-failure__edit"
            target={{ kind: 'workflow', workflowId: details.workflow.id, nodeKey, line: line ?? undefined }}
          >
            <Icon name="edit" size={14} />
            {line === null ? 'Open in the editor' : `Open at line ${line}`}
          </TargetLink>
        )}
      </p>
      {excerpt && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled with the keyboard
        <pre className="weft-failure__code" tabIndex={0}>
          {excerpt.lines.map((code, index) => {
            const number = excerpt.firstLine + index;
            return (
              <span
                key={number}
                className={classNames('weft-code-line', number === excerpt.line && 'weft-code-line--bad')}
              >
                <span className="weft-code-line__number">{number}</span>
                <span>{code || ' '}</span>
              </span>
            );
          })}
        </pre>
      )}
      {traceback && (
        <details className="weft-failure__traceback">
          <summary>Traceback</summary>
          <pre>{traceback}</pre>
        </details>
      )}
    </section>
  );
}

const maxMessage = 600;

function shortened(message: string): string {
  return message.length > maxMessage ? `${message.slice(0, maxMessage)} …` : message;
}
