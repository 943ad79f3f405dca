import { closestName } from '../shared/did-you-mean.ts';

/**
 * The package among `names` that a request for `name` probably meant: `name` may be the module of a package with
 * another name, or have one slip. All names are normalised.
 */
export function suggestionFor(name: string, names: readonly string[] = WELL_KNOWN): string | undefined {
  if (names.includes(name)) return undefined;
  const package_ = PACKAGES_OF_MODULES.get(name);
  if (package_ !== undefined && names.includes(package_)) return package_;
  return closestName(name, names);
}

/** Packages whose name differs from the module that code imports. */
const PACKAGES_OF_MODULES = new Map([
  ['attr', 'attrs'],
  ['bio', 'biopython'],
  ['bs4', 'beautifulsoup4'],
  ['beautifulsoup', 'beautifulsoup4'],
  ['crypto', 'pycryptodome'],
  ['cv2', 'opencv-python-headless'],
  ['opencv', 'opencv-python-headless'],
  ['dateutil', 'python-dateutil'],
  ['docx', 'python-docx'],
  ['dotenv', 'python-dotenv'],
  ['fitz', 'pymupdf'],
  ['jwt', 'pyjwt'],
  ['openssl', 'pyopenssl'],
  ['pil', 'pillow'],
  ['pptx', 'python-pptx'],
  ['pywt', 'pywavelets'],
  ['skimage', 'scikit-image'],
  ['sklearn', 'scikit-learn'],
  ['slugify', 'python-slugify'],
  ['umap', 'umap-learn'],
  ['yaml', 'pyyaml'],
]);

/** Packages that nodes are likely to request. */
const WELL_KNOWN = [
  ...new Set(PACKAGES_OF_MODULES.values()),
  ...['altair', 'arrow', 'bokeh', 'cryptography', 'duckdb', 'faker', 'fastparquet', 'geopandas', 'jinja2'],
  ...[
    'jsonschema',
    'lightgbm',
    'lxml',
    'markdown',
    'matplotlib',
    'networkx',
    'nltk',
    'numba',
    'numpy',
    'openpyxl',
  ],
  ...[
    'pandas',
    'pendulum',
    'plotly',
    'polars',
    'pyarrow',
    'pydantic',
    'pypdf',
    'rapidfuzz',
    'regex',
    'reportlab',
  ],
  ...['scipy', 'seaborn', 'shapely', 'spacy', 'sqlalchemy', 'statsmodels', 'sympy', 'tabulate'],
  ...[
    'tensorflow',
    'textblob',
    'torch',
    'tqdm',
    'transformers',
    'unidecode',
    'xgboost',
    'xlrd',
    'xlsxwriter',
  ],
];
