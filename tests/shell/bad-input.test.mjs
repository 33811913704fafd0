import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cartwright from 'cartwright';
import { runBadInput } from './bad-input.mjs';
import { ENDPOINT } from './offline.mjs';

test('bad input is refused everywhere and harms nothing', async () => {
  const { calls, failures } = await runBadInput(cartwright, { endpoint: ENDPOINT });
  assert.deepEqual(failures, []);
  assert.ok(calls > 1500, `only ${calls} calls were made`);
});
