/** Options of pip by their long names, such as `index-url`; several values are parted by spaces. */
export type PipOptions = Record<string, string>;

/** Of a pip.conf: the sections that hold for installing. */
export function optionsOfFile(text: string): PipOptions {
  const sections: Record<string, PipOptions> = { global: {}, install: {} };
  let section: PipOptions | undefined;
  let last = '';
  for (const line of text.split('\n').filter((row) => !/^\s*([#;]|$)/.test(row))) {
    const heading = /^\[(.+)\]\s*$/.exec(line)?.[1];
    const [, name, value] = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (heading !== undefined) section = sections[heading.trim()];
    else if (section === undefined) continue;
    else if (name !== undefined) {
      last = toOption(name);
      section[last] = value!.trim();
    } else if (/^\s/.test(line)) section[last] = `${section[last] ?? ''} ${line.trim()}`.trim();
  }
  return { ...sections.global, ...sections.install };
}

/** Of variables such as PIP_INDEX_URL. */
export function optionsOfVariables(variables: Readonly<Record<string, string>>): PipOptions {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      name.startsWith('PIP_') ? [[toOption(name.slice('PIP_'.length)), value]] : [],
    ),
  );
}

export function pipVariables(options: PipOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [`PIP_${name.toUpperCase().replaceAll('-', '_')}`, value]),
  );
}

/** The same for uv. */
export function uvVariables(options: PipOptions): Record<string, string> {
  const timeout = options.timeout ?? options['default-timeout'];
  return {
    ...told('UV_DEFAULT_INDEX', options['index-url']),
    ...told('UV_EXTRA_INDEX_URL', options['extra-index-url']),
    ...told('UV_FIND_LINKS', options['find-links']?.split(/\s+/).join(',')),
    ...told('UV_INSECURE_HOST', options['trusted-host']),
    ...told('UV_HTTP_TIMEOUT', timeout),
    ...told('SSL_CERT_FILE', options.cert),
    ...told('ALL_PROXY', options.proxy),
  };
}

function told(name: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function toOption(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
