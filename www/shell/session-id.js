import { CheckoutError } from './errors.js';
import { canStore, hold, openStore } from './store.js';

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
 * What a checkout has of its session.
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {boolean} isNew whether the id was made just now
 * @property {string | undefined} stored JSON text of what is stored of it; nothing where nothing can be
 * @property {(writes: string) => Promise<void>} store
 * @property {() => void} outrun the endpoint confirmed more than is stored
 * @property {() => void} forget it is over: the next checkout has another one
 * @property {(rest?: Promise<void>) => void} leave the checkout is over; `rest` until the last request is
 */

/**
 * Chooses the session of a checkout and takes it, since two of them would overwrite each other's cart.
 *
 * @param {import('./options.js').Settings} settings
 * @returns {Promise<Session>}
 */
export async function takeSession({ endpoint, storageKey, currency, sessionId }) {
  const kept = keptId(`cartwright:${endpoint}:${storageKey}:${currency}`);
  const keeps = storageKey !== undefined && sessionId === undefined;
  const stores = storageKey !== undefined && canStore();
  // A server has many pages to serve.
  const sessions = typeof document === 'undefined' ? new Map() : openSessions();
  for (let patient = true; ; ) {
    const known = sessionId ?? (keeps ? kept.read() : null);
    const id = known || newSessionId();
    const key = `${endpoint} ${id}`;
    if (!sessions.has(key)) {
      /** @type {(value?: undefined) => void} */
      let opened = () => {};
      sessions.set(
        key,
        new Promise((resolve) => {
          opened = resolve;
        }),
      );
      const release = stores ? await hold(key) : undefined;
      if (release === 'taken' && keeps) {
        // This tab was duplicated from one that has the session still.
        sessions.delete(key);
        kept.forget(id);
        opened();
        continue;
      }
      if (keeps) kept.write(id);
      const holds = typeof release === 'function';
      /** @type {Promise<never> | undefined} */
      let away;
      // A page that is put away lets the next one have the session, and starts nothing: what has no record must not leave.
      // Should it come back, another page may have written meanwhile, and its own records are over.
      const leavePage = () => {
        away = new Promise((_, reject) => {
          addEventListener('pageshow', () => reject(new Error('away')), { once: true });
        });
        away.catch(() => {});
        if (holds) release();
      };
      if (holds) addEventListener('pagehide', leavePage, { once: true });
      let failed = false;
      const store = holds ? await openStore(key, kept.wasDistrusted(key)) : undefined;
      sessions.set(key, undefined);
      opened();
      return {
        id,
        isNew: !known,
        stored: store?.stored,
        store: async (writes) => {
          try {
            await away;
            await store?.write(writes);
          } catch (error) {
            failed = true;
            throw error;
          }
        },
        outrun: () => {
          // Until then the records hold what survives; from then on they would put an older cart in place of a newer one.
          if (failed) kept.distrust(key);
        },
        forget: () => kept.forget(id),
        leave: (rest = Promise.resolve()) => {
          sessions.set(key, rest);
          void rest.then(() => {
            store?.close();
            if (holds) {
              removeEventListener('pagehide', leavePage);
              release();
            }
            sessions.delete(key);
          });
        },
      };
    }
    const rest = sessions.get(key);
    if (!rest && !patient) {
      throw new CheckoutError('already_open', { path: [sessionId === undefined ? 'storageKey' : 'sessionId'] });
    }
    // One that is opened and left in the same breath, as frameworks do, is in nobody's way.
    patient = patient && rest !== undefined;
    await (rest ?? new Promise((resolve) => setTimeout(resolve)));
  }
}
