import type { WorkflowTemplate } from './template.ts';

const summarise = `import pandas as pd

df = pd.DataFrame(input_data["sales"])
df["month"] = pd.to_datetime(df["date"]).dt.strftime("%Y-%m")
print(f"{len(df)} sales from {df['date'].min()} to {df['date'].max()}")
by_month = df.pivot_table(index="month", columns="city", values="amount", aggfunc="sum", fill_value=0)
result = {
    "months": by_month.reset_index().to_dict("records"),
    "total": df["amount"].sum(),
    "best": df.groupby("city")["amount"].sum().idxmax(),
}
`;

const draw = `import matplotlib.pyplot as plt
import pandas as pd

report = input_data
by_month = pd.DataFrame(report["months"]).set_index("month")
axes = by_month.plot.bar(figsize=(8, 4), title="Sales by month and city", rot=0)
axes.set_xlabel("")
plt.tight_layout()
plt.show()  # the figure becomes a PNG of the run
save_artifact("sales.csv", by_month.to_csv())
result = f"{report['total']:.2f} in all, most of it in {report['best']}"
`;

/** The same for both nodes, so that they share one environment and the first run waits once. */
const packages = ['pandas', 'matplotlib'];

const cities = ['Bergen', 'Lyon', 'Porto'];
const sales = Array.from({ length: 36 }, (_, index) => ({
  date: `2025-${String(1 + (index % 6)).padStart(2, '0')}-${String(1 + ((index * 7) % 28)).padStart(2, '0')}`,
  city: cities[index % 3],
  amount: 80 + ((index * 37) % 90) + 15 * (index % 3),
}));

/** Packages, a figure and a file: what a report in pandas needs. */
export const pandasReportTemplate: WorkflowTemplate = {
  id: 'pandas-report',
  name: 'pandas report with a chart',
  description: 'Sums up sales with pandas, draws a chart with matplotlib and keeps a CSV file.',
  workflow: {
    name: 'Sales report',
    description: 'Sales by month and city, as a table, a chart and a file.',
    nodes: [
      { key: 'sales', type: 'input', position: { x: 0, y: 0 } },
      {
        key: 'summarise',
        type: 'python',
        name: 'Sum up',
        config: { code: summarise, packages, timeoutMs: 60_000 },
        position: { x: 288, y: 0 },
      },
      {
        key: 'draw',
        type: 'python',
        name: 'Draw the chart',
        config: { code: draw, packages, timeoutMs: 60_000 },
        position: { x: 576, y: 0 },
      },
      { key: 'report', type: 'output', position: { x: 864, y: 0 } },
    ],
    edges: [
      { source: 'sales', target: 'summarise' },
      { source: 'summarise', target: 'draw' },
      { source: 'draw', target: 'report' },
    ],
    inputSchema: {
      type: 'object',
      required: ['sales'],
      properties: {
        sales: {
          type: 'array',
          items: {
            type: 'object',
            required: ['date', 'city', 'amount'],
            properties: {
              date: { type: 'string', format: 'date' },
              city: { type: 'string' },
              amount: { type: 'number' },
            },
          },
        },
      },
    },
  },
  sampleInput: { sales },
};
