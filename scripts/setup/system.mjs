import { isOnPath, runAside, runQuietly, say } from './project.mjs';

/**
 * Programs of the system that Weft uses. Set-up does not fail without them: the server then starts, prints what is
 * missing, and fails Python nodes with a clear error.
 */
const python = {
  commands: ['python3'],
  aptPackage: 'python3',
  without: 'Python nodes fail with PYTHON_NOT_FOUND',
};
const bubblewrap = {
  commands: ['bwrap'],
  aptPackage: 'bubblewrap',
  without: 'Python nodes are refused with PYTHON_SANDBOX_UNAVAILABLE',
};
const pip = {
  commands: ['uv', 'pip3', 'pip'],
  aptPackage: 'python3-pip',
  without: 'packages of Python nodes fail with PYTHON_PACKAGE_ERROR, unless Python brings a pip (ensurepip)',
};
/** Without its windows Chromium draws a page with a fraction of the work: it goes before the whole browser. */
const chromium = {
  commands: ['chromium-headless-shell'],
  orElse: ['chromium', 'chromium-browser', 'google-chrome'],
  aptPackage: 'chromium-headless-shell',
  without: 'the tests in a browser are skipped, unless chromium or google-chrome is installed',
};

export function missingPrograms({ forTests }) {
  const programs = forTests ? [python, bubblewrap, pip, chromium] : [python, bubblewrap, pip];
  return programs.filter(isMissing);
}

function isMissing({ commands, orElse = [], aptPackage }) {
  if (commands.some(isOnPath)) return false;
  if (!orElse.some(isOnPath)) return true;
  return rootPrefix() !== undefined && runQuietly('apt-cache', ['show', aptPackage]).ok;
}

/** One after the other, because apt locks. */
export async function installPrograms(programs) {
  for (const program of programs) await installProgram(program);
}

async function installProgram({ commands, aptPackage, without }) {
  const remedy = `Remedy: install it (Debian, Ubuntu: sudo apt-get install ${aptPackage}) and start again.`;
  const prefix = rootPrefix();
  if (!isOnPath('apt-get') || prefix === undefined) {
    const reason = isOnPath('apt-get') ? 'it needs root or password-less sudo' : 'there is no apt-get here';
    say(
      `WARNING: ${commands[0]} is not installed and set-up cannot install it (${reason}); ${without}.\n  ${remedy}`,
    );
    return;
  }
  say(`Installing ${aptPackage} (apt-get) …`);
  const result = await aptInstall(prefix, aptPackage);
  if (!result.ok)
    say(
      `WARNING: ${aptPackage} could not be installed; ${without}.\n  ${remedy}\n${lastLines(result.output)}`,
    );
}

/** What to put before a command so that it runs as root without a prompt; undefined where that is not possible. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return isOnPath('sudo') && runQuietly('sudo', ['-n', 'true']).ok ? ['sudo', '-n'] : undefined;
}

async function aptInstall(prefix, aptPackage) {
  const apt = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-q',
    '-o',
    'Acquire::Retries=1',
  ];
  const install = [...apt, 'install', '-y', '--no-install-recommends', aptPackage];
  const first = await runAside(install);
  if (first.ok) return first;
  await runAside([...apt, 'update']); // package lists may be empty or old: container images ship without them
  return runAside(install);
}

function lastLines(output) {
  return output
    .split('\n')
    .slice(-5)
    .map((line) => `  | ${line}`)
    .join('\n');
}
