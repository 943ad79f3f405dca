import { createClient } from '@weft/client';
import { useExecution, useNodeOutput, useWeft, WeftProvider } from '@weft/client/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const server = new URLSearchParams(location.search).get('weft') ?? 'http://127.0.0.1:4000';
const weft = createClient({ url: server });

const code = `import random, time
for n in range(1, 11):
    print("batch", n, "of 10")
    progress(n, 10)
    time.sleep(random.random() / 4)
result = {"batches": 10}`;

function App() {
  const { python } = useWeft();
  const [ids, setIds] = useState([]);
  const start = async () => {
    const id = await python.run({ code }).id();
    setIds((others) => [id, ...others]);
  };
  return (
    <main>
      <h1>Weft in React</h1>
      <button type="button" onClick={start}>
        Start a run
      </button>
      {ids.map((id) => (
        <Run key={id} id={id} />
      ))}
    </main>
  );
}

function Run({ id }) {
  const { executions } = useWeft();
  const { status, output, error, problem } = useExecution(id);
  const { stdout, progress } = useNodeOutput(id, 'python');
  return (
    <article>
      <h2>{status ?? 'CONNECTING'}</h2>
      <progress value={progress?.current ?? 0} max={progress?.total ?? 1} />
      <pre>{stdout}</pre>
      {output !== null && <p>Result: {JSON.stringify(output)}</p>}
      {(error ?? problem) && <p role="alert">{(error ?? problem).message}</p>}
      {status === 'RUNNING' && (
        <button type="button" onClick={() => executions.run(id).cancel()}>
          Cancel
        </button>
      )}
    </article>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <WeftProvider client={weft}>
      <App />
    </WeftProvider>
  </StrictMode>,
);
