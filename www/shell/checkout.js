import { newCore } from './core.js';
import { drive, MAX_TIMEOUT } from './drive.js';
import { argument, EDITS, field } from './edits.js';
import { encode, option } from './encode.js';
import { CheckoutError, toError } from './errors.js';
import { makeEvents } from './events.js';
import { parseExactly } from './exact.js';
import { freeze } from './freeze.js';
import { makeLog } from './log.js';
import { member, readInitial, readOptions } from './options.js';
import { watchPage } from './page.js';
import { newSeed, takeSession } from './session-id.js';
import { describe } from './texts.js';

/**
 * @typedef {object} Batch what an `edit(fn)` gathers
 * @property {import('./errors.js').Trouble[]} errors
 * @property {(() => void)[]} asks what was asked of the server meanwhile
 */

/**
 * @param {unknown} options
 * @param {() => Promise<void>} init
 * @returns {Promise<import('./index.js').Checkout>}
 */
export async function open(options, init) {
  try {
    const settings = readOptions(options);
    await init();
    return await begin(settings);
  } catch (error) {
    throw toError(error);
  }
}

/** @param {import('./options.js').Settings} settings */
async function begin(settings) {
  const session = await takeSession(settings);
  try {
    return makeCheckout(settings, session);
  } catch (error) {
    if (session.isNew) session.forget();
    session.leave();
    throw error;
  }
}

/** @param {(string | undefined)[]} parts @returns {string} JSON text of an object; missing members are empty */
const braces = (parts) => `{${parts.filter(Boolean).join()}}`;

/** @param {any} value */
function isThenable(value) {
  try {
    return typeof value?.then === 'function';
  } catch {
    return false;
  }
}

/** A date and a time of RFC 3339. */
const TIME =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** @param {string} text */
function isTime(text) {
  const day = TIME.exec(text)?.[1];
  // Some engines read a 30 February as a day of March.
  return day !== undefined && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day) === true;
}

/** @param {unknown} options of a wait */
function readWait(options) {
  return {
    timeoutMs: option(options, 'timeoutMs', (ms) => Number.isInteger(ms) && ms >= 0 && ms <= MAX_TIMEOUT),
    // Its method tells, since it may be a signal of another realm.
    signal: option(options, 'signal', (signal) => typeof signal.addEventListener === 'function'),
  };
}

/**
 * @param {import('./options.js').Settings} settings
 * @param {import('./session-id.js').Session} session
 * @returns {any}
 */
function makeCheckout(settings, session) {
  /** @type {any} The newest snapshot, and after the end the last one. */
  let last;
  /** @type {CheckoutError | undefined} */
  let ended;
  /** How deep we stand in calls of the core: what it says meanwhile is told to listeners afterwards. */
  let inside = 1;
  /** @type {Batch | undefined} */
  let batch;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: CheckoutError) => void }>} */
  const waiting = new Map();
  let tickets = 0;
  /** Tells that the last request after the end is over. */
  let rested = () => {};
  /** @type {Promise<void>} When that is. */
  let rest = Promise.resolve();
  /** Whether the next checkout has another session. */
  let isOver = false;
  /** @type {Promise<any> | undefined} The checkout that takes the place of this one. */
  let next;

  const getSnapshot = () => {
    try {
      if (!ended) last = inCore(core.getSnapshot);
    } catch {
      // A core that broke leaves the last one.
    }
    return last;
  };
  const events = makeEvents(getSnapshot);

  const coreOptions = braces([
    member('sessionId', session.id),
    member('sessionIsNew', session.isNew),
    member('seed', newSeed()),
    session.stored && `"stored":${session.stored}`,
    member('locked', session.locked),
    settings.initial,
    ...settings.members,
  ]);
  const log = makeLog(settings.log, coreOptions);
  const core = drive(newCore(coreOptions), {
    note: log.note,
    endpoint: settings.endpoint,
    credentials: settings.credentials,
    store: session.store,
    tell: session.tell,
    lock: session.lock,
    fetch: settings.fetch,
    headers: settings.headers,
    /** @param {string} type @param {unknown} detail */
    emit: (type, detail) => {
      if (type === 'rest') rested();
      if (ended) return;
      events.add(type, type === 'error' ? toError(detail) : detail);
      if (inside > 0) return;
      const { acknowledgedRevision, persistedRevision, effects } = getSnapshot();
      if (type === 'quote') {
        const news = events.hears('effect') ? newOnes(known, effects) : [];
        for (const effect of news) events.add('effect', effect);
        known = effects;
      }
      noteEnd();
      if (acknowledgedRevision > persistedRevision) session.outrun();
      events.deliver();
    },
    /** @param {number} ticket @param {unknown} error @param {unknown} value */
    settle: (ticket, error, value) => {
      const answer = waiting.get(ticket);
      waiting.delete(ticket);
      if (error) answer?.reject(toError(error));
      else answer?.resolve(value ?? getSnapshot());
    },
  });
  inside = 0;
  /** The effects of the answer before. */
  let known = getSnapshot().effects;
  session.attach({
    hear: (text) => void (ended || call('heard', text)),
    signal: (name) => void (ended || call(name)),
  });
  const leavePage = watchPage(
    (name) => void call(name),
    // Another page may have gone on with the cart meanwhile.
    () => void ask('refresh').catch(() => {}),
  );

  /** A page that comes later finds an order again only while something is being done with it. */
  function noteEnd() {
    const wasOver = isOver;
    isOver = getSnapshot().sync.phase === 'finished';
    if (isOver && !wasOver) session.forget();
    if (wasOver && !isOver) session.keep();
  }

  /**
   * Does something in the core. Whatever it throws means that it broke.
   *
   * @template T
   * @param {() => T} work
   */
  function inCore(work) {
    if (ended) throw ended;
    inside += 1;
    try {
      return work();
    } catch (error) {
      const trouble = toError(error);
      if (trouble.code === 'internal') end(trouble);
      throw trouble;
    } finally {
      inside -= 1;
      if (inside === 0 && !batch) events.deliver();
    }
  }

  /** @type {typeof core.call} */
  const call = (...given) => inCore(() => core.call(...given));

  /** @param {CheckoutError} reason what everything is answered with from now on */
  function end(reason) {
    if (ended) return;
    if (reason.code === 'disposed') {
      if (batch) call('rollback');
      getSnapshot();
      if (!inCore(core.dispose)) {
        rest = new Promise((resolve) => {
          rested = resolve;
        });
      }
      session.leave(rest);
    } else {
      events.add('error', reason);
      session.leave();
    }
    ended = reason;
    leavePage();
    events.deliver();
    events.clear();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  }

  /**
   * Gives the user's result of something that gives the core's: never thrown, with texts.
   *
   * @param {() => any} work
   */
  function result(work) {
    /** @type {import('./errors.js').Trouble[]} */
    let troubles;
    try {
      if (ended) throw ended;
      const answer = work() || { ok: true };
      if (answer.ok) return answer;
      troubles = answer.errors;
    } catch (error) {
      troubles = [toError(error)];
    }
    batch?.errors.push(...troubles);
    return refused(troubles);
  }

  /**
   * @param {string} name
   * @param {import('./edits.js').Argument[]} args
   * @param {unknown[]} values
   */
  const command = (name, args, values) =>
    result(() => {
      const members = args.map(({ name, at, below, read }, index) => {
        const path = [at, below && values[0]].filter((step) => typeof step === 'string');
        return member(name, read ? read(values[index]) : values[index], path);
      });
      return freeze(JSON.parse(call('apply', braces([`"do":"${name}"`, ...members]))));
    });

  /** @param {string} group @param {Record<string, import('./edits.js').Argument[]>} edits */
  const makeGroup = (group, edits) =>
    Object.fromEntries(
      Object.entries(edits).map(([name, args]) => [
        name,
        (/** @type {unknown[]} */ ...values) => command(`${group}.${name}`, args, values),
      ]),
    );

  /** @param {unknown} fn */
  function edit(fn) {
    if (typeof fn !== 'function') return result(() => ({ errors: [{ code: 'value_type' }] }));
    if (batch) return runIn(batch, fn);
    const begun = result(() => call('begin'));
    if (!begun.ok) return begun;
    /** @type {Batch} */
    const mine = { errors: [], asks: [] };
    batch = mine;
    let answer;
    try {
      answer = runIn(mine, fn);
    } finally {
      batch = undefined;
      if (answer?.ok) answer = result(commit);
      else result(() => call('rollback'));
      for (const ask of mine.asks) ask();
    }
    return answer;
  }

  /** Without the id of the last line, which is nobody's answer. */
  function commit() {
    const { ok, revision, errors } = JSON.parse(call('commit'));
    return ok ? { ok, revision } : { ok, errors };
  }

  /**
   * @param {Batch} mine
   * @param {Function} fn
   */
  function runIn(mine, fn) {
    const before = mine.errors.length;
    let given;
    try {
      given = fn(checkout);
    } catch (error) {
      // Where a function around this one catches the error, its batch has failed all the same.
      mine.errors.push({ code: 'aborted' });
      throw error;
    }
    if (ended) mine.errors.push(ended);
    // What follows an await would stand outside of the batch.
    else if (isThenable(given)) mine.errors.push({ code: 'value_type' });
    const errors = mine.errors.slice(before);
    return errors.length > 0 ? refused(errors) : { ok: true, revision: getSnapshot().revision };
  }

  /**
   * @param {string} kind
   * @param {() => string} [text] JSON text of the arguments
   * @param {unknown} [wait]
   */
  async function ask(kind, text = () => '{}', wait) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let stop = () => {};
    try {
      const { timeoutMs, signal } = readWait(wait);
      const args = text();
      if (ended) throw ended;
      if (signal?.aborted) throw new CheckoutError('aborted', { cause: signal.reason });
      return await new Promise((resolve, reject) => {
        tickets += 1;
        const ticket = tickets;
        waiting.set(ticket, { resolve, reject });
        /** @param {CheckoutError} error */
        const leave = (error) => {
          reject(error);
          if (waiting.delete(ticket) && !ended) call('forget', '', ticket);
        };
        const start = () => {
          try {
            call(kind, args, ticket);
            noteEnd();
          } catch (error) {
            waiting.delete(ticket);
            reject(error);
          }
        };
        const abort = () => leave(new CheckoutError('aborted', { cause: signal?.reason }));
        signal?.addEventListener('abort', abort);
        stop = () => signal?.removeEventListener('abort', abort);
        if (timeoutMs !== undefined) {
          timer = setTimeout(() => leave(new CheckoutError('timeout', { retryable: true })), timeoutMs);
        }
        if (batch) batch.asks.push(start);
        else start();
      });
    } catch (error) {
      throw toError(error);
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** @param {unknown} options @returns {() => string} */
  const withQuote = (options) => () => {
    // Anything but a fingerprint must not pass for "at any price".
    const quote = option(options, 'quote', (value) => typeof value === 'string');
    return braces([member('quote', quote)]);
  };

  /** @param {unknown} name @returns {string} */
  const fieldName = (name) => {
    if (ended) throw ended;
    if (typeof name !== 'string') throw new CheckoutError('value_type', { path: ['field'] });
    return name;
  };

  /** @param {unknown} field */
  const readDraft = (field) => {
    const name = fieldName(field);
    if (!call('knows', name)) throw new CheckoutError('field_unknown', { path: [name] });
    return getSnapshot().draft[name];
  };

  /** @param {unknown} field */
  const readSession = (field) => {
    const name = fieldName(field);
    const { session = {} } = getSnapshot();
    return Object.hasOwn(session, name) ? session[name] : undefined;
  };

  /** @param {unknown} [options] */
  const toRequest = (options) => {
    try {
      const as = option(options, 'as', (value) => value === 'text' || value === 'object');
      const text = call('toRequest');
      return as === 'object' ? parseExactly(text) : text;
    } catch (error) {
      throw toError(error);
    }
  };

  /** @param {unknown} [changes] */
  const preview = (changes = {}) =>
    ask('preview', () => {
      if (typeof changes !== 'object' || changes === null) throw new CheckoutError('value_type', { path: [] });
      option(changes, 'now', (now) => typeof now !== 'string' || isTime(now));
      return String(encode(changes));
    });

  const dispose = () => end(new CheckoutError('disposed'));

  /** @param {string} initial */
  async function replace(initial) {
    session.forget();
    try {
      const opened = await begin({ ...settings, sessionId: undefined, initial });
      dispose();
      await rest;
      return opened;
    } catch (error) {
      next = undefined;
      if (!isOver) session.keep();
      throw error;
    }
  }

  /** @param {unknown} options */
  const startNew = async (options) => {
    try {
      const initial = readInitial(options);
      if (ended) throw ended;
      next ??= replace(initial);
      return await next;
    } catch (error) {
      throw toError(error);
    }
  };

  /** @type {any} */
  const checkout = {
    getSnapshot,
    /** @param {unknown} fn */
    subscribe: (fn) => events.on('change', fn),
    on: events.on,
    ...Object.fromEntries(Object.entries(EDITS).map(([group, edits]) => [group, makeGroup(group, edits)])),
    session: {
      get: readSession,
      /** @param {unknown} field */
      has: (field) => (readSession(field) ?? null) !== null,
    },
    get: readDraft,
    /** @param {unknown} field */
    has: (field) => readDraft(field) !== undefined,
    /** @param {unknown} name @param {unknown} value */
    set: (name, value) => command('set', [field, { name: 'value', below: true }], [name, value]),
    /** @param {unknown} name */
    unset: (name) => command('unset', [field], [name]),
    edit,
    /** @param {unknown} session */
    load: (session) => command('load', [argument(typeof session === 'string' ? 'text' : 'session')], [session]),
    toRequest,
    /** @param {unknown} wait */
    flush: (wait) => ask('flush', undefined, wait),
    /** @param {unknown} wait */
    settled: (wait) => ask('settled', undefined, wait),
    preview,
    refresh: () => ask('refresh'),
    /** @param {unknown} options */
    close: (options) => ask('close', withQuote(options)),
    /** @param {unknown} options */
    prepare: (options) => ask('prepare', withQuote(options)),
    finish: () => ask('finish'),
    release: () => ask('release'),
    cancel: () => ask('cancel'),
    reopen: () => ask('reopen'),
    /** @param {unknown} items */
    returnItems: (items) => ask('return', () => String(encode(items))),
    startNew,
    log: log.read,
    dispose,
  };
  if (Symbol.dispose) checkout[Symbol.dispose] = dispose;
  for (const part of Object.values(checkout)) Object.freeze(part);
  return Object.freeze(checkout);
}

/**
 * The effects that were not there before; equal ones are counted.
 *
 * @param {readonly object[]} before
 * @param {readonly object[]} now
 */
function newOnes(before, now) {
  /** @type {Map<string, number>} */
  const left = new Map();
  const count = (/** @type {object} */ effect, /** @type {number} */ by) => {
    const text = JSON.stringify(effect);
    const times = left.get(text) ?? 0;
    left.set(text, times + by);
    return times;
  };
  for (const effect of before) count(effect, 1);
  return now.filter((effect) => count(effect, -1) <= 0);
}

/**
 * The user's form of refusals.
 *
 * @param {readonly import('./errors.js').Trouble[]} troubles
 */
function refused(troubles) {
  const errors = troubles.map(({ code, path = [], limit, actual }) => ({
    code,
    path,
    ...(limit === undefined ? {} : { limit }),
    ...(actual === undefined ? {} : { actual }),
    message: describe({ code, path, limit, actual }),
  }));
  return { ok: false, error: errors[0], errors };
}
