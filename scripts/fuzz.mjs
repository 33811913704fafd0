// npm run fuzz: runs the fuzz targets one after the other, from the corpus and the example bodies.
//   npm run fuzz -- [--runs N] [--seconds N] [--length N] [TARGET …]
// By default a million inputs for each target, of at most 8192 bytes.
import { mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, root, run } from './lib/run.mjs';
import { findTool, fuzzTool } from './lib/tools.mjs';
import { installTool } from './setup.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, seconds: { type: 'string' }, length: { type: 'string' } },
});

await main(async () => {
  await installTool(fuzzTool);
  const corpus = join(root, 'fuzz', 'corpus');
  const targets = positionals.length > 0 ? positionals : readdirSync(corpus).sort();
  for (const target of targets) {
    // What is found on the way stays out of the repository.
    const found = join(root, 'fuzz', 'target', 'corpus', target);
    mkdirSync(found, { recursive: true });
    const folders = [found, join(corpus, target), join(root, 'tests', 'fixtures', 'api')];
    const limits = [
      values.seconds ? `-max_total_time=${values.seconds}` : `-runs=${values.runs ?? 1_000_000}`,
      `-max_len=${values.length ?? 8192}`,
      '-print_final_stats=1',
    ];
    // Coverage needs an unstable flag of the compiler, which stable takes with this variable; AddressSanitizer
    // would need a nightly, and the core has no unsafe code.
    await run('cargo', ['fuzz', 'run', '--sanitizer', 'none', target, ...folders, '--', ...limits], {
      show: true,
      env: { RUSTC_BOOTSTRAP: '1', PATH: [findTool(fuzzTool), process.env.PATH].join(delimiter) },
    });
  }
});
