// A shell for tests: it answers requests by a script, then as a small endpoint would, and keeps what it hears.
(() => {
  const never = new Promise(() => {});
  /** @type {Set<{ test: () => boolean, resolve: (value?: unknown) => void }>} */
  const waits = new Set();
  const check = () => {
    for (const wait of [...waits]) {
      if (wait.test()) {
        waits.delete(wait);
        wait.resolve();
      }
    }
  };
  /** @type {string | undefined} */
  let stored;
  let updates = 0;
  /** @param {Request} request */
  const echo = async (request) => {
    const integrationId = decodeURIComponent(new URL(request.url).pathname.split('/').at(-1) ?? '');
    const answer = (/** @type {string} */ body) =>
      new Response(body, { headers: { 'content-type': 'application/json' } });
    if (request.method === 'GET') return stored ? answer(stored) : new Response('{}', { status: 404 });
    const { customerSession } = JSON.parse(await request.text());
    updates += 1;
    const items = customerSession.cartItems ?? [];
    const cents = items.reduce(
      (/** @type {number} */ sum, /** @type {any} */ { price, quantity }) => sum + Math.round(price * 100) * quantity,
      0,
    );
    const session = {
      state: 'open',
      ...customerSession,
      integrationId,
      id: 'BIG',
      updateCount: updates,
      total: cents / 100,
      cartItemTotal: cents / 100,
    };
    stored = JSON.stringify({ customerSession: session, effects: [] }).replace('"BIG"', '9007199254740993');
    return answer(stored);
  };
  const throwing = (/** @type {unknown} */ error) => {
    throw error;
  };
  /** @type {Record<string, any>} */
  const answers = {
    echo,
    never: () => never,
    text: () => Promise.reject('no reason at all'),
    undefined: () => Promise.reject(undefined),
    error: () => Promise.reject(new TypeError('Failed to fetch')),
    throws: () => throwing(new TypeError('at once')),
    throwsText: () => throwing('at once'),
    object: () => Promise.resolve({ ok: true, status: 200, json: () => ({}) }),
    nothing: () => Promise.resolve(undefined),
    denied: () => Promise.resolve(new Response('{}', { status: 401 })),
    empty: () => Promise.resolve(new Response('')),
    html: () => Promise.resolve(new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })),
    broken: () => Promise.resolve(new Response(new ReadableStream({ start: (body) => body.error('cut') }))),
  };
  /** @type {any} */
  const host = {
    endpoint: 'http://127.0.0.1:9/session-api',
    credentials: 'same-origin',
    script: [],
    note: () => {},
    requests: [],
    events: [],
    rests: 0,
    settled: {},
    listener: undefined,
    headersGiven: () => Promise.resolve({}),
    async headers() {
      const given = host.headersGiven();
      check();
      return given;
    },
    /** @param {Request} request @param {{ keepalive: boolean }} init */
    fetch(request, init) {
      /** @type {Record<string, any>} */
      const seen = {
        method: request.method,
        url: request.url,
        key: request.headers.get('Idempotency-Key'),
        accept: request.headers.get('Accept'),
        token: request.headers.get('X-Token'),
        keepalive: init.keepalive,
        signal: request.signal,
        body: undefined,
      };
      const copy = request.clone();
      seen.read = copy.text().then((body) => {
        seen.body = body;
        check();
      });
      host.requests.push(seen);
      const answer = answers[host.script.shift() ?? 'echo'];
      check();
      return answer(request);
    },
    writes: [],
    /** @param {string} text */
    store(text) {
      host.writes.push(JSON.parse(text));
      return Promise.resolve();
    },
    /** @param {string} type @param {unknown} detail */
    emit(type, detail) {
      if (type === 'rest') host.rests += 1;
      else host.events.push({ type, detail });
      host.listener?.(type, detail);
      check();
    },
    /** @param {number} ticket @param {unknown} error @param {unknown} value */
    settle(ticket, error, value) {
      host.settled[ticket] = { error, value };
      check();
    },
    until: (/** @type {() => boolean} */ test) =>
      new Promise((resolve) => {
        const wait = { test, resolve };
        waits.add(wait);
        check();
      }),
    turn: () => new Promise((resolve) => setTimeout(resolve)),
  };
  return host;
})();
