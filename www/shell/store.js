// What outlives the page: the records of sessions in IndexedDB, each session held by one checkout at a time.

const DATABASE = 'cartwright';
const VERSION = 1;

/** Records by [session, kind, revision]. */
const RECORDS = 'records';
/** When each session was written to last. */
const SESSIONS = 'sessions';

/** What nobody wrote to for so long is forgotten, in milliseconds. */
const MAX_AGE = 7 * 24 * 3_600_000;

/** How long a browser that does not answer is waited for, in milliseconds: it must not hold an order up. */
const MAX_WAIT = 3000;

/**
 * @typedef {object} Store
 * @property {(key: string, make: () => string) => Promise<{ id: string, isNew: boolean }>} idOf the id of a session that
 *   all tabs share, made where there is none
 * @property {(key: string, from: string | undefined, to?: string) => Promise<void>} exchange that id, while it is the one
 * @property {(name: string) => Promise<string>} read JSON text of what there is of a session, for the core
 * @property {(name: string, writes: any) => Promise<string | undefined>} write does what the core asks for, all of it, or
 *   nothing and gives what is stored, where that is of another version
 * @property {() => void} close
 */

/** Whether this browser can share and store sessions; a server cannot. */
export function canStore() {
  try {
    return typeof document !== 'undefined' && Boolean(globalThis.indexedDB && globalThis.BroadcastChannel);
  } catch {
    // To ask is forbidden where the shopper forbade storing.
    return false;
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBTransaction} work @returns {Promise<void>} */
const committed = (work) =>
  new Promise((resolve, reject) => {
    work.oncomplete = () => resolve();
    work.onabort = () => reject(work.error ?? new DOMException('', 'AbortError'));
  });

/** @param {string} name every record of the session */
const all = (name) => IDBKeyRange.bound([name], [name, []]);

/** @returns {Promise<IDBDatabase>} */
async function openDatabase() {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(RECORDS);
    request.result.createObjectStore(SESSIONS);
  };
  const database = await answer(request);
  // A newer version of this package must not wait for this page.
  database.onversionchange = () => database.close();
  return database;
}

/** What is under way in a database. @type {WeakMap<IDBDatabase, Set<IDBTransaction>>} */
const underWay = new WeakMap();

/** @param {IDBDatabase} database @param {IDBTransactionDurability} [durability] */
function begin(database, durability = 'default') {
  const work = database.transaction([RECORDS, SESSIONS], 'readwrite', { durability });
  const all = underWay.get(database) ?? new Set();
  underWay.set(database, all.add(work));
  for (const end of ['complete', 'abort']) work.addEventListener(end, () => all.delete(work));
  return { work, records: work.objectStore(RECORDS), sessions: work.objectStore(SESSIONS) };
}

/** @param {IDBObjectStore} records @param {string} name @returns {Promise<string>} JSON text of what there is of a session */
async function readAll(records, name) {
  const [keys, values] = await Promise.all([answer(records.getAllKeys(all(name))), answer(records.getAll(all(name)))]);
  /** @param {string} kind */
  const of = (kind) => values.filter((_, index) => /** @type {any} */ (keys[index])[1] === kind);
  const [head] = of('head');
  const [sending] = of('sending');
  return JSON.stringify({ ...of('stamp')[0], head, sending, journal: of('journal') });
}

/**
 * Reads what there is of a session. A write in the same transaction tells whether this browser stores at all.
 *
 * @param {IDBDatabase} database
 * @param {string} name
 */
async function read(database, name) {
  const { work, records, sessions } = begin(database);
  const done = committed(work);
  const found = readAll(records, name);
  const old = sessions.openCursor();
  old.onsuccess = () => {
    const cursor = old.result;
    if (!cursor) return;
    if (cursor.key !== name && !(cursor.value > Date.now() - MAX_AGE)) {
      records.delete(all(String(cursor.key)));
      cursor.delete();
    }
    cursor.continue();
  };
  sessions.put(Date.now(), name);
  const [text] = await Promise.all([found, done]);
  return text;
}

/**
 * Writes where nobody wrote meanwhile.
 *
 * @param {IDBDatabase} database
 * @param {string} name
 * @param {any} writes as the core spells them
 * @returns {Promise<string | undefined>} what is stored, where it is of another version and nothing was written
 */
async function write(database, name, { expect, version, epoch, aside, clear, head, sending, journal, upto }) {
  // A request leaves when its record is stored, so that one has to be on the disk.
  const { work, records, sessions } = begin(database, sending === undefined ? 'default' : 'strict');
  const done = committed(work);
  const change = async () => {
    const stamp = (await answer(records.get([name, 'stamp']))) ?? { version: 0, epoch: 0 };
    if (stamp.version !== expect) return readAll(records, name);
    if (aside) {
      const damaged = await answer(records.getAll(all(name)));
      sessions.put(Date.now(), `${name} damaged`);
      records.put(JSON.stringify(damaged), [`${name} damaged`, 'all']);
    }
    if (aside || clear) records.delete(all(name));
    sessions.put(Date.now(), name);
    records.put({ version, epoch: epoch ?? stamp.epoch }, [name, 'stamp']);
    if (upto > 0) records.delete(IDBKeyRange.bound([name, 'journal'], [name, 'journal', upto]));
    if (head !== undefined) records.put(head, [name, 'head']);
    if (sending !== undefined) records.put(sending, [name, 'sending']);
    for (const [number, text] of journal) records.put(text, [name, 'journal', number]);
    // What is complete does not wait for this page, which may be about to go.
    work.commit?.();
  };
  const [behind] = await Promise.all([change(), done]);
  return behind;
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>} rejected where it takes too long
 */
async function inTime(work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), MAX_WAIT);
  });
  try {
    return await Promise.race([work, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Opens the records of this browser.
 *
 * @returns {Promise<Store | undefined>} nothing where it does not store
 */
export async function openStore() {
  let opening = openDatabase();
  /** @type {Promise<void> | undefined} */
  let away;
  const close = () => {
    removeEventListener('pagehide', leavePage);
    opening.then(
      (database) => database.close(),
      () => {},
    );
  };
  /** What a page that is put away had under way would hold up every other page. @param {PageTransitionEvent} event */
  const leavePage = ({ persisted }) => {
    if (!persisted || away) return;
    away = new Promise((resolve) => addEventListener('pageshow', resolve, { once: true })).then(() => {
      away = undefined;
      opening = openDatabase();
    });
    opening.then(
      (database) => {
        database.close();
        for (const work of underWay.get(database) ?? []) {
          try {
            work.abort();
          } catch {
            // It is being committed.
          }
        }
      },
      () => {},
    );
  };
  addEventListener('pagehide', leavePage);
  /**
   * Does something with the database, which a browser may have closed meanwhile. What is done twice is done once, since
   * it names the version that it is for.
   *
   * @template T
   * @param {(database: IDBDatabase) => Promise<T>} work
   */
  const attempt = async (work) => {
    await away;
    try {
      return await inTime(opening.then(work));
    } catch (error) {
      const { name } = /** @type {any} */ (error);
      if (name !== 'InvalidStateError' && name !== 'AbortError') throw error;
      if (away) await away;
      else opening = openDatabase();
      return inTime(opening.then(work));
    }
  };
  try {
    await inTime(opening);
  } catch {
    close();
    return undefined;
  }
  return {
    idOf: (key, make) =>
      attempt(async (database) => {
        const { work, records, sessions } = begin(database);
        const done = committed(work);
        const find = async () => {
          const known = await answer(records.get([key, 'id']));
          const id = known ?? make();
          if (!known) records.put(id, [key, 'id']);
          sessions.put(Date.now(), key);
          return { id, isNew: !known };
        };
        const [found] = await Promise.all([find(), done]);
        return found;
      }),
    exchange: (key, from, to) =>
      attempt(async (database) => {
        const { work, records } = begin(database);
        const done = committed(work);
        const known = records.get([key, 'id']);
        known.onsuccess = () => {
          if (known.result !== from) return;
          if (to === undefined) records.delete([key, 'id']);
          else records.put(to, [key, 'id']);
        };
        await done;
      }),
    read: (name) => attempt((database) => read(database, name)),
    write: (name, writes) => attempt((database) => write(database, name, writes)),
    close,
  };
}
