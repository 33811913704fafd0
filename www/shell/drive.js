import { freeze } from './freeze.js';

/** Longest wait that a timer can hold. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * An object of the snapshot: equal texts are the same one.
 *
 * @typedef {{ text: string, object: any }} Part
 */

/** What changes line by line. @type {readonly ('lines' | 'items')[]} */
const LISTS = ['lines', 'items'];

/**
 * @param {Part[]} known
 * @param {string[]} texts
 * @returns {Part[]}
 */
function parts(known, texts) {
  const found = new Map(known.map((part) => [part.text, part]));
  return texts.map((text) => found.get(text) ?? { text, object: freeze(JSON.parse(text)) });
}

/** @param {Part[]} known @returns {any[]} */
const objects = (known) => known.map(({ object }) => object);

/**
 * Makes the function that gives the newest snapshot of a core: the same parts while they are as they were.
 *
 * @param {(word: string) => string} ask the core
 */
export function makePicture(ask) {
  /** @type {Record<'lines' | 'items' | 'fields' | 'members', Part[]>} */
  const known = { lines: [], items: [], fields: [], members: [] };
  /** @type {{ lines?: readonly any[], items?: readonly any[] }} */
  const shown = {};
  /** @type {any} */
  let draft;
  return () => {
    const { from, gone, hasCart, ...texts } = JSON.parse(ask('snapshot'));
    for (const list of from === undefined ? [] : LISTS) {
      known[list].splice(from, gone, ...parts(known[list].slice(from, from + gone), texts[list]));
      shown[list] = Object.freeze(objects(known[list]));
    }
    const [before] = known.fields;
    known.fields = parts(known.fields, [texts.fields]);
    const [fields] = known.fields;
    const cartItems = hasCart ? shown.items : undefined;
    if (fields !== before || draft.cartItems !== cartItems) {
      draft = Object.freeze({ ...fields?.object, ...(cartItems && { cartItems }) });
    }
    // An empty text stands for what is as it was.
    const members = texts.members.map(
      (/** @type {string} */ text, /** @type {number} */ index) => text || known.members[index]?.text,
    );
    known.members = parts(known.members, members);
    return Object.freeze(Object.assign({ draft, lines: shown.lines }, ...objects(known.members)));
  };
}

/** What only asks, and is not worth a note. */
const QUESTIONS = ['actions', 'snapshot', 'toRequest', 'knows'];

/**
 * What the shell does for the core.
 *
 * @typedef {object} Host
 * @property {(event: import('./log.js').LogEvent) => void} note writes the log
 * @property {string} endpoint
 * @property {RequestCredentials} credentials
 * @property {typeof fetch} fetch
 * @property {() => Promise<Record<string, string>>} headers
 * @property {(writes: string) => Promise<string | undefined>} store gives what is stored where that is of another version,
 *   and nothing was written
 * @property {(text: string) => void} tell other tabs
 * @property {(what: string) => void} lock `take`, `steal` or `yield` that of the session
 * @property {(type: string, detail?: unknown) => void} emit tells whoever listens
 * @property {(ticket: number, error: unknown, value: unknown) => void} settle answers an `ask`
 */

/**
 * Does what the core says is to be done, tells it what came of it, and keeps the snapshot.
 *
 * @param {import('#glue').Core} core
 * @param {Host} host
 */
export function drive(core, host) {
  /** @type {any} */
  let snapshot;
  let isStale = true;
  /** Attempts under way. @type {Set<number>} */
  const flights = new Set();
  let isStoring = false;
  /** Whether a request failed that may outlive its page: WebKit has room for 64 KiB of those, and never gives back that of one that was aborted. */
  let isSpent = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waking;
  /** @type {[string, any][]} */
  let news = [];
  let isTelling = false;
  let isDisposed = false;
  let isGone = false;

  const picture = makePicture((word) => core.call(Date.now(), word, '', 0));

  /**
   * Tells the core something, and does what it asks for.
   *
   * @param {string} word
   * @param {string} [text]
   * @param {number} [id]
   * @returns {string}
   */
  function call(word, text = '', id = 0) {
    if (isGone) return '';
    const now = Date.now();
    if (!QUESTIONS.includes(word)) host.note([now, word, text, id]);
    const answer = core.call(now, word, text, id);
    follow();
    return answer;
  }

  /** Does what is to be done. */
  function follow() {
    for (const [what, details] of JSON.parse(core.call(0, 'actions', '', 0))) {
      if (what === 'send') send(details);
      else if (what === 'store') store(details);
      else if (what === 'wake') wake(details.at);
      else if (what === 'tell') host.tell(details);
      else if (what === 'lock') host.lock(details);
      else if (!isDisposed) {
        isStale = true;
        news.push([what, freeze(details)]);
      }
    }
    if (!isTelling) tell();
  }

  /** Nobody outside hears of anything before the core and everything around it are at rest. */
  function tell() {
    isTelling = true;
    // By place, since more may be added meanwhile, or all taken away.
    for (let place = 0; place < news.length; place += 1) {
      const [what, details] = /** @type {[string, any]} */ (news[place]);
      try {
        if (what === 'settle') host.settle(details.ticket, details.error, details.value);
        else if (what === 'change') host.emit(what, getSnapshot());
        else host.emit(what, what === 'quote' || what === 'sync' ? getSnapshot()[what] : details);
      } catch {
        // Whatever a listener throws is reported where it is called; the core goes on.
      }
    }
    news = [];
    isTelling = false;
  }

  /** The same object until something changes, and of parts that are. */
  function getSnapshot() {
    if (!isStale || isGone) return snapshot;
    snapshot = picture();
    isStale = false;
    return snapshot;
  }

  /** @param {number} time */
  function wake(time) {
    clearTimeout(waking);
    waking = setTimeout(() => call('woke'), Math.min(time - Date.now(), MAX_TIMEOUT));
  }

  const isAtRest = () => flights.size === 0 && !isStoring;

  /** Ends with the last of what was under way when the checkout was disposed of. */
  function maybeEnd() {
    if (!isDisposed || isGone || !isAtRest()) return false;
    isGone = true;
    core.free();
    return true;
  }

  /** @param {string} writes */
  async function store(writes) {
    isStoring = true;
    /** @type {Parameters<typeof call>} */
    const end = await host.store(writes).then(
      (found) => (found === undefined ? ['stored'] : ['behind', found]),
      () => ['store_failed'],
    );
    isStoring = false;
    call(...end);
    if (maybeEnd()) host.emit('rest');
  }

  /** @param {any} request */
  async function send(request) {
    const { id, timeout } = request;
    flights.add(id);
    // Where there is none, the attempt fails, so that it is made again and told of.
    const abort = globalThis.AbortController && new AbortController();
    /** The first end of an attempt counts. @param {() => void} end */
    const land = (end) => {
      if (!flights.delete(id)) return;
      clearTimeout(timer);
      if (!isGone) end();
      if (maybeEnd()) host.emit('rest');
    };
    const expire = () => {
      abort?.abort();
      land(() => call('timeout', '', id));
    };
    const timer = setTimeout(expire, Math.min(timeout, MAX_TIMEOUT));
    const [failure, answer, body = ''] = await attempt(request, abort?.signal);
    land(() => (failure ? call(failure, '', id) : answered(id, answer, body)));
  }

  /**
   * @param {number} id
   * @param {Response | undefined} answer
   * @param {string} body
   */
  function answered(id, answer, body) {
    const now = Date.now();
    const [after, text] = [answer?.headers.get('Retry-After') ?? null, body].map((part) => JSON.stringify(part));
    host.note([now, 'answered', `[${answer?.status ?? 0},${after},${text}]`, id]);
    core.answered(now, id, answer, body);
    follow();
  }

  /**
   * @param {any} request
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<[failure: string, answer?: Response, body?: string]>} what became of it
   */
  async function attempt({ method, path, body, key, keepalive }, signal) {
    let request;
    try {
      const headers = new Headers(await host.headers());
      // Given up meanwhile: not every function that stands in for fetch looks at the signal.
      if (!signal || signal.aborted) throw signal;
      headers.set('Accept', 'application/json');
      if (body) headers.set('Content-Type', 'application/json');
      if (key) headers.set('Idempotency-Key', key);
      const { credentials } = host;
      request = new Request(host.endpoint + path, {
        ...{ method, headers, body, signal, credentials },
        cache: 'no-store',
        redirect: 'error',
      });
    } catch (error) {
      const isKey = /** @type {any} */ (error)?.code === 'api_key_in_browser';
      return [isKey ? 'api_key' : 'not_sent'];
    }
    try {
      const isSeen = globalThis.document?.visibilityState !== 'hidden';
      const answer = await host.fetch(request, { keepalive: keepalive && !(isSpent && isSeen) });
      // A function that stands in for fetch may give anything: what is no Response says nothing.
      if (!(answer instanceof Response)) return [''];
      return ['', answer, await answer.text()];
    } catch {
      isSpent ||= keepalive;
      return ['network'];
    }
  }

  call('opened');
  return {
    call,
    getSnapshot,
    /** @returns {boolean} whether nothing is under way; else `rest` is told when it is over */
    dispose() {
      getSnapshot();
      isDisposed = true;
      news = [];
      call('dispose');
      clearTimeout(waking);
      maybeEnd();
      return isGone;
    },
  };
}
