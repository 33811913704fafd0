// The image is made of what the repository holds: nothing is missing, and the compiler is the declared one.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../../scripts/lib/run.mjs';

const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').split('\n');

/** What is copied from the repository, each as sources and where to. */
const copies = lines
  .filter((line) => line.startsWith('COPY ') && !line.startsWith('COPY --from'))
  .map((line) => line.split(/\s+/).slice(1));

test('what is copied into the image is all that cargo needs', async () => {
  // The same folder each time, so that cargo's cache holds one of it.
  const folder = join(root, 'build', 'image');
  rmSync(folder, { recursive: true, force: true });
  try {
    for (const copy of copies) {
      const to = copy.at(-1) ?? '';
      for (const from of copy.slice(0, -1)) {
        assert.ok(existsSync(join(root, from)), `${from} is not there`);
        cpSync(join(root, from), join(folder, to === './' ? from : to), { recursive: true });
      }
    }
    const build = lines.find((line) => line.startsWith('RUN cargo build')) ?? '';
    assert.match(build, /--locked -p cartwright-server$/);
    const plan = await run('cargo', ['tree', '--locked', '-p', 'cartwright-server', '-e', 'normal,build'], {
      cwd: folder,
    });
    assert.match(plan, /^cartwright-server /);
    const check = ['check', '--locked', '-p', 'cartwright-server', '--bins'];
    await run('cargo', check, {
      cwd: folder,
      env: { CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(root, 'target') },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is copied into the image is not left out of its context', () => {
  const rules = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  for (const from of copies.flatMap((copy) => copy.slice(0, -1))) {
    assert.ok(rules.includes(`!${from}`), `.dockerignore leaves ${from} out`);
  }
});

test('the image is built by the declared compiler and starts the program', () => {
  const [, version] = /rust-version = "(.+)"/.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8')) ?? [];
  assert.ok(lines.some((line) => line.startsWith(`FROM rust:${version}-slim`)));
  assert.ok(lines.some((line) => line.startsWith('ENTRYPOINT ["cartwright-server"')));
});
