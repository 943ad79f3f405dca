import { createClient } from '@weft/client';
import { RunView, WeftProvider, WorkflowEditor } from '@weft/studio';
import '@weft/studio/style.css';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const server = new URLSearchParams(location.search).get('weft') ?? 'http://127.0.0.1:4000';
const weft = createClient({ url: server });

const recipe = {
  name: 'Bread for tomorrow',
  nodes: [
    { key: 'orders', type: 'input', position: { x: 0, y: 0 } },
    {
      key: 'dough',
      type: 'python',
      name: 'Dough',
      config: { code: 'print("kneading")\nresult = {"loaves": sum(input_data)}\n' },
      position: { x: 260, y: 0 },
    },
    { key: 'bread', type: 'output', position: { x: 520, y: 0 } },
  ],
  edges: [
    { source: 'orders', target: 'dough' },
    { source: 'dough', target: 'bread' },
  ],
};

/** The bakery's own page: its recipe is a workflow that bakers edit here, and each baking is a run. */
function Bakery() {
  const [workflowId, setWorkflowId] = useState(null);
  const [runId, setRunId] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    findOrCreateRecipe().then(setWorkflowId, setProblem);
  }, []);
  const bake = async () => {
    try {
      const run = await weft.executions.start({ workflowId, input: [12, 30, 8] });
      setRunId(run.id);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <main>
      <h1>Bakery</h1>
      {problem && <p role="alert">{problem.message}</p>}
      <button type="button" className="bake" disabled={workflowId === null} onClick={bake}>
        Bake
      </button>
      {workflowId && (
        <section className="panel panel--editor" aria-label="Recipe">
          <WeftProvider client={weft} theme="light" className="fill">
            <WorkflowEditor workflowId={workflowId} />
          </WeftProvider>
        </section>
      )}
      {runId && (
        <section className="panel panel--run" aria-label="Baking">
          <WeftProvider client={weft} theme="light" className="fill">
            <RunView executionId={runId} />
          </WeftProvider>
        </section>
      )}
    </main>
  );
}

async function findOrCreateRecipe() {
  const [known] = (await weft.workflows.list({ filter: { search: recipe.name } }).page()).items;
  return (known ?? (await weft.workflows.create(recipe))).id;
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <Bakery />
  </StrictMode>,
);
