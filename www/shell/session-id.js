import { CheckoutError } from './errors.js';
import { canStore, openStore } from './store.js';
import { joinTabs } from './tabs.js';

/** Random bytes as hexadecimal digits. @param {number} count */
const randomHex = (count) =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An unguessable id for a new session: 128 random bits. */
const newSessionId = () => `cw-${randomHex(16)}`;

const MADE_ID = /^cw-[0-9a-f]{32}$/;

/** 64 random bits for the core, which has no randomness of its own. */
export const newSeed = () => randomHex(8);

/**
 * Where the id of a made session is kept until the session ends: in this tab only.
 * Every failure of the storage is ignored, the id then lives as long as the page.
 *
 * @param {string} key
 */
function keptId(key) {
  /** @param {(storage: Storage) => string | null | undefined | void} work */
  const attempt = (work) => {
    // Outside of a page (a server) one storage would be shared by all shoppers.
    if (typeof document === 'undefined') return null;
    try {
      return work(sessionStorage) ?? null;
    } catch {
      return null;
    }
  };
  return {
    read: () => attempt((storage) => MADE_ID.exec(storage.getItem(key) ?? '')?.[0]),
    /** @param {string} id */
    write: (id) => attempt((storage) => storage.setItem(key, id)),
    /** @param {string} id forgotten only while it is the one that is kept */
    forget: (id) =>
      attempt((storage) => {
        if (storage.getItem(key) === id) storage.removeItem(key);
      }),
    /** Notes that the records of a session are older than what became of it. @param {string} name */
    distrust: (name) => attempt((storage) => storage.setItem(`${name} stale`, '1')),
    /** Whether that was noted, once. @param {string} name */
    wasDistrusted: (name) =>
      attempt((storage) => {
        const noted = storage.getItem(`${name} stale`);
        storage.removeItem(`${name} stale`);
        return noted;
      }) !== null,
  };
}

/**
 * The sessions that this page has open, whichever copy of this package opened them; those that are being opened or
 * were left hold when that is over.
 *
 * @returns {Map<string, Promise<void> | undefined>}
 */
function openSessions() {
  const page = /** @type {any} */ (globalThis);
  const name = Symbol.for('cartwright.sessions');
  page[name] ??= new Map();
  return page[name];
}

/**
 * What a checkout is told of its session.
 *
 * @typedef {object} Told
 * @property {(text: string) => void} hear what another tab told
 * @property {(signal: string) => void} signal what became of the lock
 */

/**
 * What a checkout has of its session.
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {boolean} isNew whether the id was made just now
 * @property {string | undefined} stored JSON text of what is stored of it; nothing where nothing can be
 * @property {boolean} locked whether this tab is the one that sends
 * @property {(told: Told) => void} attach
 * @property {(writes: string) => Promise<string | undefined>} store gives what is stored where that is of another version
 * @property {(text: string) => void} tell other tabs
 * @property {(what: string) => void} lock
 * @property {() => void} outrun the endpoint confirmed more than is stored
 * @property {() => void} forget it is over: the next checkout has another one
 * @property {() => void} keep it goes on
 * @property {(rest?: Promise<void>) => void} leave the checkout is over; `rest` until the last request is
 */

/**
 * Chooses the session of a checkout and takes part in it. One page has it open once.
 *
 * @param {import('./options.js').Settings} settings
 * @returns {Promise<Session>}
 */
export async function takeSession({ endpoint, storageKey, currency, sessionId }) {
  const shared = `cartwright:${endpoint}:${storageKey}:${currency}`;
  const kept = keptId(shared);
  const keeps = storageKey !== undefined && sessionId === undefined;
  let store = storageKey !== undefined && canStore() ? await openStore() : undefined;
  // A server has many pages to serve.
  const sessions = typeof document === 'undefined' ? new Map() : openSessions();

  const choose = async () => {
    if (sessionId !== undefined) return { id: sessionId, isNew: false };
    try {
      if (keeps && store) return await store.idOf(shared, newSessionId);
    } catch {
      store?.close();
      store = undefined;
    }
    const known = keeps ? kept.read() : null;
    return { id: known || newSessionId(), isNew: !known };
  };

  for (let patient = true; ; ) {
    const { id, isNew } = await choose();
    const key = `${endpoint} ${id}`;
    const rest = sessions.get(key);
    if (!sessions.has(key)) {
      let opened = () => {};
      sessions.set(
        key,
        new Promise((resolve) => {
          opened = () => resolve(undefined);
        }),
      );
      if (keeps) kept.write(id);
      const part = store && (await takePart(key, store, kept));
      if (store && !part) store.close();
      sessions.set(key, undefined);
      opened();
      const { leave = () => {}, ...others } = part ?? NO_PART;
      return {
        id,
        isNew,
        ...others,
        forget: () => {
          kept.forget(id);
          store?.exchange(shared, id).catch(() => {});
        },
        keep: () => {
          // Not in place of one that was begun meanwhile.
          if (keeps && !kept.read()) kept.write(id);
          if (keeps) store?.exchange(shared, undefined, id).catch(() => {});
        },
        leave: (rest = Promise.resolve()) => {
          sessions.set(key, rest);
          void rest.then(() => {
            leave();
            sessions.delete(key);
          });
        },
      };
    }
    if (!rest && !patient) {
      store?.close();
      throw new CheckoutError('already_open', { path: [sessionId === undefined ? 'storageKey' : 'sessionId'] });
    }
    // One that is opened and left in the same breath, as frameworks do, is in nobody's way.
    patient = patient && rest !== undefined;
    await (rest ?? new Promise((resolve) => setTimeout(resolve)));
  }
}

/** What a checkout has that shares its session with nobody. */
const NO_PART = {
  stored: undefined,
  locked: false,
  attach: () => {},
  store: async () => undefined,
  tell: () => {},
  lock: () => {},
  outrun: () => {},
  leave: undefined,
};

/**
 * Takes part in a session that tabs share.
 *
 * @param {string} key of the session
 * @param {import('./store.js').Store} store
 * @param {ReturnType<typeof keptId>} kept
 */
async function takePart(key, store, kept) {
  /** @type {Told} */
  let told = { hear: () => {}, signal: () => {} };
  /** Whether nobody stores what is to be stored here. */
  let failed = false;
  /** Whether the store of this page gave out, so that another tab is asked first. */
  let asks = false;
  /** @type {Promise<void> | undefined} */
  let away;
  let wanted = false;
  const join = () =>
    joinTabs(
      key,
      (text) => told.hear(text),
      (signal) => told.signal(signal),
      async (writes) => {
        const behind = await write(writes);
        if (behind === undefined) told.hear(writes);
        return behind;
      },
    );
  /** @param {string} text */
  const tell = (text) => {
    if (!away) tabs.tell(text);
  };
  /** @param {string} writes */
  const write = async (writes) => {
    const behind = await store.write(key, JSON.parse(writes));
    if (behind === undefined) tell(writes);
    return behind;
  };
  /** @type {import('./tabs.js').Tabs} */
  let tabs;
  let stored;
  try {
    tabs = await join();
  } catch {
    return undefined;
  }
  try {
    stored = await store.read(key);
    if (tabs.locked && kept.wasDistrusted(key)) {
      const { version = 0 } = JSON.parse(stored);
      await store.write(key, { expect: version, version: version + 1, clear: true, journal: [], upto: 0 });
      stored = await store.read(key);
    }
  } catch {
    tabs.leave();
    return undefined;
  }

  // A page that is put away lets the next one have the session, and starts nothing: what has no record must not leave.
  const leavePage = () => {
    if (away) return;
    wanted = false;
    away = new Promise((resolve) => addEventListener('pageshow', resolve, { once: true })).then(async () => {
      tabs = await join();
      away = undefined;
      if (tabs.locked) told.signal('locked');
      else if (wanted) tabs.lock('take');
    });
    away.catch(() => {});
    told.signal('unlocked');
    tabs.leave();
  };
  addEventListener('pagehide', leavePage);

  return {
    stored,
    locked: tabs.locked,
    /** @param {Told} checkout */
    attach: (checkout) => {
      told = checkout;
    },
    /** @param {string} writes */
    store: async (writes) => {
      try {
        await away;
        const ask = () => tabs.ask(writes);
        const [first, second] = asks ? [ask, write] : [write, ask];
        const behind = await first(writes).catch(async () => {
          asks = !asks;
          await away;
          return second(writes);
        });
        // What was stored is what there is: a read says nothing of that.
        if (failed && behind === undefined) {
          kept.wasDistrusted(key);
          failed = false;
        }
        return behind;
      } catch (error) {
        failed = true;
        throw error;
      }
    },
    tell,
    /** @param {string} what */
    lock: (what) => {
      if (away) wanted = what === 'take';
      else tabs.lock(what);
    },
    outrun: () => {
      // Until then the records hold what survives; from then on they would put an older cart in place of a newer one.
      if (failed) kept.distrust(key);
    },
    leave: () => {
      removeEventListener('pagehide', leavePage);
      tabs.leave();
      store.close();
    },
  };
}
