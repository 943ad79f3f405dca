import { type ReactElement, useState } from 'react';
import '../../access/access.css';
import { TokenDialog } from '../../access/token-dialog.tsx';
import { mayOf } from '../../access/token-words.ts';
import { Tokens } from '../../access/tokens.tsx';
import { useViewer } from '../../data/access.ts';
import { Button } from '../../ui/button.tsx';
import { Card, Page } from '../page.tsx';

export default function AccessPage(): ReactElement {
  const [isNew, setIsNew] = useState(false);
  return (
    <Page
      title="Access"
      description={<WhoAmI />}
      actions={
        <Button variant="primary" icon="plus" onClick={() => setIsNew(true)}>
          New token
        </Button>
      }
    >
      <Card>
        <Tokens onNew={() => setIsNew(true)} />
      </Card>
      {isNew && <TokenDialog onClose={() => setIsNew(false)} />}
    </Page>
  );
}

function WhoAmI(): ReactElement {
  const { data: viewer } = useViewer();
  if (viewer === undefined) return <>Who may do what.</>;
  if (viewer.kind === 'ANONYMOUS')
    return (
      <>This server wants no token: whoever reaches it may do everything. WEFT_API_TOKEN changes that.</>
    );
  return (
    <>
      You use {viewer.name}, which may {mayOf(viewer.scopes)}.
    </>
  );
}
