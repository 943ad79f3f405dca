/** Options of pip by their long names, such as `index-url`; spaces separate several values. */
export type PipOptions = Record<string, string>;

/** The options of a pip.conf, from the sections that apply to `pip install`. */
export function optionsOfFile(text: string): PipOptions {
  const sections: Record<string, PipOptions> = { global: {}, install: {} };
  let section: PipOptions | undefined;
  let last = '';
  for (const line of text.split('\n').filter((row) => !/^\s*([#;]|$)/.test(row))) {
    const text = line.trim();
    const end = text.search(/[=:]/);
    if (line.startsWith('[') && text.endsWith(']')) section = sections[text.slice(1, -1).trim()];
    else if (section === undefined) continue;
    else if (!/^\s/.test(line) && end > 0) {
      last = toOption(text.slice(0, end).trim());
      section[last] = text.slice(end + 1).trim();
    } else if (/^\s/.test(line)) section[last] = `${section[last] ?? ''} ${line.trim()}`.trim();
  }
  return { ...sections.global, ...sections.install };
}

/** The options in variables such as PIP_INDEX_URL. */
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

/** The variables of uv that correspond to the options of pip. */
export function uvVariables(options: PipOptions): Record<string, string> {
  const timeout = options.timeout ?? options['default-timeout'];
  return {
    ...optional('UV_DEFAULT_INDEX', options['index-url']),
    ...optional('UV_EXTRA_INDEX_URL', options['extra-index-url']),
    ...optional('UV_FIND_LINKS', options['find-links']?.split(/\s+/).join(',')),
    ...optional('UV_INSECURE_HOST', options['trusted-host']),
    ...optional('UV_HTTP_TIMEOUT', timeout),
    ...optional('SSL_CERT_FILE', options.cert),
  };
}

function optional(name: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function toOption(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
