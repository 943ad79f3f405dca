import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

export interface TestWheel {
  /** Normalised, such as `tiny-tools`. */
  name: string;
  version: string;
  /** PEP 508. */
  requires?: readonly string[];
  /** Python files by their path; without any, one module of the package's name that holds `VERSION`. */
  files?: Readonly<Record<string, string>>;
  /** Further files of so many MiB of zeros by their path, compressed: a bomb. */
  zerosMb?: Readonly<Record<string, number>>;
  /** Of an index: tell a hash that the file does not have. */
  wrongHash?: boolean;
}

/** A wheel of pure Python, by PEP 427. */
export function makeWheel({ name, version, requires = [], files, zerosMb = {} }: TestWheel): {
  name: string;
  bytes: Buffer;
} {
  const escaped = name.replaceAll('-', '_');
  const info = `${escaped}-${version}.dist-info`;
  const zeros = Object.entries(zerosMb).map(([path, mb]) => [path, zerosOf(mb)] as const);
  const contents: Record<string, Content> = {
    ...Object.fromEntries(zeros),
    ...(files ?? { [`${escaped}.py`]: `VERSION = "${version}"\n` }),
    [`${info}/METADATA`]: [
      'Metadata-Version: 2.1',
      `Name: ${name}`,
      `Version: ${version}`,
      ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
      '',
    ].join('\n'),
    [`${info}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: weft-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const entries = Object.entries(contents).map(([path, content]) => [path, packed(content)] as const);
  const lines = entries.map(([path, { sha256, sizeBytes }]) => `${path},sha256=${sha256},${sizeBytes}`);
  const record = [...lines, `${info}/RECORD,,`, ''].join('\n');
  return {
    name: `${escaped}-${version}-py3-none-any.whl`,
    bytes: zip({ ...Object.fromEntries(entries), [`${info}/RECORD`]: packed(record) }),
  };
}

type Content = string | Packed;

/** What a zip and a RECORD say of a file. */
interface Packed {
  data: Buffer;
  method: number;
  crc: number;
  sha256: string;
  sizeBytes: number;
}

function packed(content: Content): Packed {
  if (typeof content !== 'string') return content;
  const data = Buffer.from(content);
  return { data, method: STORED, ...sumsOf(data) };
}

function sumsOf(content: Buffer) {
  const sha256 = createHash('sha256').update(content).digest('base64url');
  return { crc: crc32(content), sha256, sizeBytes: content.length };
}

const packedZeros = new Map<number, Packed>();

/** Once for each size: a test has hundreds of MiB of them. */
function zerosOf(mb: number): Packed {
  const known = packedZeros.get(mb);
  if (known !== undefined) return known;
  const content = Buffer.alloc(mb * 1024 * 1024);
  const zeros = { data: deflateRawSync(content), method: DEFLATED, ...sumsOf(content) };
  packedZeros.set(mb, zeros);
  return zeros;
}

function zip(files: Readonly<Record<string, Packed>>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, { data, method, crc, sizeBytes }] of Object.entries(files)) {
    const name = Buffer.from(path);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0); // version that is needed
    header.writeUInt32LE(MS_DOS_1980, 6);
    header.writeUInt16LE(method, 4);
    header.writeUInt32LE(crc, 10);
    header.writeUInt32LE(data.length, 14);
    header.writeUInt32LE(sizeBytes, 18);
    header.writeUInt16LE(name.length, 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), header, name, data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    place.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), header, place, name]));
    local.push(file);
    offset += file.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(local.length, 8);
  end.writeUInt16LE(local.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

const STORED = 0;
const DEFLATED = 8;
const MS_DOS_1980 = 0x00210000;
