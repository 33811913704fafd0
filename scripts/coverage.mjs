// npm run coverage: measures how many lines of drafts and models the core's native tests run, writes that into
// docs/evidence/coverage.txt and fails below the goal. Some minutes.
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative, sep } from 'node:path';
import { main, root, run } from './lib/run.mjs';
import { coverageTool, findTool } from './lib/tools.mjs';
import { addToRust, installTool } from './setup.mjs';

const folders = ['src/draft', 'src/model'];
/** In percent, of all of them together. */
const goal = 95;

await main(async () => {
  await installTool(coverageTool);
  const host = /^host: (.+)$/m.exec(await run('rustc', ['-vV']))?.[1];
  await addToRust('component', 'llvm-tools', `${host}/bin/llvm-cov`);
  const report = join(root, 'target', 'coverage.json');
  await run(
    'cargo',
    ['llvm-cov', '--locked', '-p', 'cartwright', '--json', '--summary-only', '--output-path', report],
    {
      show: true,
      env: { PATH: [findTool(coverageTool), process.env.PATH].join(delimiter) },
    },
  );
  const [{ files }] = JSON.parse(readFileSync(report, 'utf8')).data;
  const rows = files
    .map((/** @type {any} */ { filename, summary: { lines } }) => ({
      name: relative(root, filename).replaceAll(sep, '/'),
      count: lines.count,
      covered: lines.covered,
    }))
    .filter((/** @type {{ name: string }} */ { name }) => folders.some((folder) => name.startsWith(`${folder}/`)));
  const sum = (/** @type {'count' | 'covered'} */ key) =>
    rows.reduce((/** @type {number} */ total, /** @type {any} */ row) => total + row[key], 0);
  const all = { name: folders.join(' and '), count: sum('count'), covered: sum('covered') };
  const percent = (/** @type {typeof all} */ { count, covered }) => (100 * covered) / count;
  const line = (/** @type {typeof all} */ row) =>
    `${row.name.padEnd(24)} ${`${row.covered} of ${row.count}`.padStart(14)} ${percent(row).toFixed(2).padStart(7)} %`;
  const commit = (await run('git', ['describe', '--always', '--dirty'])).trim();
  const text = [
    `npm run coverage at ${commit}: lines that the core's native tests run`,
    '',
    ...[...rows, all].map(line),
  ];
  writeFileSync(join(root, 'docs', 'evidence', 'coverage.txt'), `${text.join('\n')}\n`);
  console.log(text.join('\n'));
  if (percent(all) < goal) throw new Error(`${percent(all).toFixed(2)} % are less than ${goal} %`);
});
