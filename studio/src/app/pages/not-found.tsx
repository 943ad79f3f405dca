import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../page.tsx';
import { homePath } from '../routes.ts';

export function NotFoundPage(): ReactElement {
  return (
    <Page title="Not found">
      <EmptyState
        icon="search"
        title="There is nothing at this address"
        actions={
          <Link href={homePath} className="weft-button weft-button--secondary weft-button--medium">
            To the workflows
          </Link>
        }
      >
        The link may be old, or have lost a letter on its way.
      </EmptyState>
    </Page>
  );
}
