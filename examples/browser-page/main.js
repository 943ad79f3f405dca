import { createClient, WeftError, WeftExecutionError } from '@weft/client';

const server = new URLSearchParams(location.search).get('weft') ?? 'http://127.0.0.1:4000';
const weft = createClient({ url: server });
const [code, run, cancel, progress, output, outcome] = [
  'code',
  'run',
  'cancel',
  'progress',
  'output',
  'outcome',
].map((id) => document.getElementById(id));

code.value = `import time
for n in range(1, 6):
    print("step", n)
    progress(n, 5)
    time.sleep(0.3)
result = "done"`;

run.onclick = async () => {
  output.textContent = outcome.textContent = '';
  progress.value = 0;
  const python = weft.python.run({ code: code.value });
  cancel.onclick = () => python.cancel();
  cancel.disabled = false;
  try {
    for await (const event of python.events()) show(event);
    outcome.textContent = `The result is ${JSON.stringify(await python.result())}.`;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    outcome.textContent = `${error.code}: ${error.message}`;
    if (error instanceof WeftExecutionError && error.traceback) output.textContent += error.traceback;
  }
  cancel.disabled = true;
};

function show(event) {
  if (event.type === 'NodeOutput') output.textContent += event.text;
  if (event.type === 'NodeProgress') {
    progress.max = event.total ?? 1;
    progress.value = event.current;
  }
}
