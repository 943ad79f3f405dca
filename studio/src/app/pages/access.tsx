import { type ReactElement, useState } from 'react';
import { useSearchParams } from 'wouter';
import '../../access/access.css';
import { type AuditChoice, AuditTrail } from '../../access/audit-trail.tsx';
import { ProjectDialog, Projects } from '../../access/projects.tsx';
import { SecretDialog, Secrets } from '../../access/secrets.tsx';
import { TokenDialog } from '../../access/token-dialog.tsx';
import { mayOf } from '../../access/token-words.ts';
import { Tokens } from '../../access/tokens.tsx';
import { useViewer } from '../../data/access.ts';
import { Button } from '../../ui/button.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Card, Page } from '../page.tsx';

const tabs = [
  { id: 'tokens', label: 'Tokens' },
  { id: 'secrets', label: 'Secrets' },
  { id: 'audit', label: 'Audit trail' },
] as const;
/** For who may act in all of them. */
const projectsTab = { id: 'projects', label: 'Projects' } as const;

/** The tab and the filters are in the address, so that reload, back and a link to it work. */
export default function AccessPage(): ReactElement {
  const [params, setParams] = useSearchParams();
  const [isNew, setIsNew] = useState(false);
  const get = (name: string) => params.get(name) ?? '';
  const choice: AuditChoice = {
    ...{ who: get('who'), what: get('what'), target: get('target') },
    ...{ outcome: get('outcome'), time: get('time') },
  };
  const choose = (part: Partial<AuditChoice>) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(part)) value ? next.set(name, value) : next.delete(name);
      return next;
    });
  const { data: viewer } = useViewer();
  const shown = viewer?.projects === null ? [...tabs, projectsTab] : tabs;
  const tab = shown.find(({ id }) => id === get('tab'))?.id ?? 'tokens';
  const noun = ({ projects: 'project', secrets: 'secret' } as Record<string, string>)[tab] ?? 'token';
  return (
    <Page
      title="Access"
      description={<WhoAmI />}
      actions={
        <Button variant="primary" icon="plus" onClick={() => setIsNew(true)}>
          New {noun}
        </Button>
      }
    >
      <Tabs
        label="Access"
        tabs={shown}
        selected={tab}
        onSelect={(id) => setParams(id === 'tokens' ? {} : { tab: id })}
      >
        <Card>
          {tab === 'tokens' && <Tokens onNew={() => setIsNew(true)} />}
          {tab === 'audit' && <AuditTrail choice={choice} onChoose={choose} />}
          {tab === 'projects' && <Projects />}
          {tab === 'secrets' && <Secrets />}
        </Card>
      </Tabs>
      {isNew && noun === 'token' && <TokenDialog onClose={() => setIsNew(false)} />}
      {isNew && noun === 'secret' && <SecretDialog name={null} onClose={() => setIsNew(false)} />}
      {isNew && noun === 'project' && <ProjectDialog project={null} onClose={() => setIsNew(false)} />}
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
