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

/** How long opening waits for the page before this one to let go of the session, in milliseconds. */
const MAX_LOCKED = 1000;
const LOCKED_STEP = 50;

/**
 * @typedef {object} Store
 * @property {string} stored JSON text of what was found, for the core
 * @property {(text: string) => Promise<void>} write does what the core asks for, all of it or nothing
 * @property {() => void} close
 */

/** @param {string} name @returns {string} how the Web Lock of a session is called */
const lockOf = (name) => `cartwright:${name}`;

/**
 * Takes a session for this page.
 *
 * @param {string} name of the session
 * @returns {Promise<(() => void) | 'taken' | undefined>} lets go of it; nothing where this page cannot hold any, as
 * while it is left
 */
export async function hold(name) {
  const latest = Date.now() + MAX_LOCKED;
  try {
    for (;;) {
      const release = await tryHold(name);
      if (release || Date.now() >= latest) return release ?? 'taken';
      await new Promise((resolve) => setTimeout(resolve, LOCKED_STEP));
    }
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>}
 */
const tryHold = (name) =>
  new Promise((resolve, reject) => {
    navigator.locks
      .request(lockOf(name), { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined);
        // Until it resolves the lock is held.
        return new Promise((release) => resolve(() => release(undefined)));
      })
      .catch(reject);
  });

/** Whether this browser can hold and store sessions; plain http, an old browser and a server cannot. */
export function canStore() {
  try {
    return typeof document !== 'undefined' && Boolean(globalThis.indexedDB && navigator.locks);
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
    work.onabort = () => reject(work.error ?? new Error('aborted'));
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

/** @param {IDBDatabase} database @param {IDBTransactionDurability} [durability] */
function begin(database, durability = 'default') {
  const work = database.transaction([RECORDS, SESSIONS], 'readwrite', { durability });
  return { work, records: work.objectStore(RECORDS), sessions: work.objectStore(SESSIONS) };
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
  const found = Promise.all([answer(records.getAllKeys(all(name))), answer(records.getAll(all(name)))]);
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
  const [[keys, texts]] = await Promise.all([found, done]);
  /** @param {string} kind */
  const of = (kind) => texts.filter((_, index) => /** @type {any} */ (keys[index])[1] === kind);
  const [head] = of('head');
  const [sending] = of('sending');
  return JSON.stringify({ head, sending, journal: of('journal') });
}

/**
 * @param {IDBDatabase} database
 * @param {string} name
 * @param {any} writes as the core spells them
 */
function write(database, name, { aside, clear, head, sending, journal, upto }) {
  // A request leaves when its record is stored, so that one has to be on the disk.
  const { work, records, sessions } = begin(database, sending === undefined ? 'default' : 'strict');
  const done = committed(work);
  const go = () => {
    if (aside || clear) records.delete(all(name));
    if (clear) sessions.delete(name);
    else sessions.put(Date.now(), name);
    if (upto > 0) records.delete(IDBKeyRange.bound([name, 'journal'], [name, 'journal', upto]));
    if (head !== undefined) records.put(head, [name, 'head']);
    if (sending !== undefined) records.put(sending, [name, 'sending']);
    for (const [revision, text] of journal) records.put(text, [name, 'journal', revision]);
  };
  if (aside) {
    const damaged = records.getAll(all(name));
    damaged.onsuccess = () => {
      sessions.put(Date.now(), `${name} damaged`);
      records.put(JSON.stringify(damaged.result), [`${name} damaged`, 'all']);
      go();
    };
  } else go();
  return done;
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
 * Opens the records of a session that this page holds.
 *
 * @param {string} name
 * @param {boolean} anew whether what there is of it is worth nothing
 * @returns {Promise<Store | undefined>} nothing where this browser does not store
 */
export async function openStore(name, anew) {
  const opening = openDatabase();
  try {
    const database = await inTime(opening);
    if (anew) await inTime(write(database, name, { clear: true, journal: [] }));
    const stored = await inTime(read(database, name));
    return {
      stored,
      write: async (text) => inTime(write(database, name, JSON.parse(text))),
      close: () => database.close(),
    };
  } catch {
    opening.then(
      (database) => database.close(),
      () => {},
    );
    return undefined;
  }
}
