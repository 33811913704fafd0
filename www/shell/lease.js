// The lock of a session where the browser has none, as on plain http: a lease in IndexedDB that its holder renews. A page
// that stood still may take itself for the holder until it looks; what it writes is refused, since the records have
// another epoch by then.

const DATABASE = 'cartwright-leases';
const LEASES = 'leases';

/** How long a lease holds without being renewed, in milliseconds: timers of a page that nobody looks at are slow. */
const TERM = 5000;

/** How often it is renewed, and looked at by who waits for it, in milliseconds. */
const INTERVAL = 1000;

/** @typedef {{ holder: string, until: number }} Lease */

/** Who let go of a lease when the page was left, and has no time to write that where the lease is. */
const LEFT = 'cartwright-left';

/** What a page that is put away has under way would hold up every other page. @type {Set<IDBTransaction>} */
const underWay = new Set();
/** Who holds a lease on this page. @type {Set<string>} */
const holders = new Set();
let isAway = false;
addEventListener('pagehide', () => {
  isAway = true;
  for (const work of underWay) {
    try {
      work.abort();
    } catch {
      // It is being committed.
    }
  }
  try {
    if (holders.size) localStorage.setItem(LEFT, [...holders].join());
  } catch {
    // Then it ends by itself.
  }
});
addEventListener('pageshow', () => (isAway = false));

/** @param {string} holder */
function hasLeft(holder) {
  try {
    return Boolean(localStorage.getItem(LEFT)?.includes(holder));
  } catch {
    return false;
  }
}

/**
 * Reads the lease of this name and writes the one that is to follow.
 *
 * @param {string} name
 * @param {(lease: Lease | undefined) => Lease | undefined} next
 * @returns {Promise<Lease | undefined>} what is there then
 */
function change(name, next) {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new DOMException('', 'InvalidStateError'));
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(LEASES);
    opening.onerror = fail;
    opening.onsuccess = () => {
      // No connection outlives its transaction, which would keep the page from being put away.
      const database = opening.result;
      try {
        if (isAway) throw new Error('put away');
        const work = database.transaction(LEASES, 'readwrite');
        underWay.add(work);
        for (const end of ['complete', 'abort']) work.addEventListener(end, () => underWay.delete(work));
        const leases = work.objectStore(LEASES);
        const reading = leases.get(name);
        /** @type {Lease | undefined} */
        let lease;
        reading.onsuccess = () => {
          lease = next(reading.result);
          if (lease) leases.put(lease, name);
          else leases.delete(name);
        };
        work.oncomplete = () => resolve(lease);
        work.onabort = fail;
      } catch {
        fail();
      }
      database.close();
    };
  });
}

/** Whether nobody holds it any more; one for longer than any is of a clock that was set back. @param {Lease} [lease] */
const isOver = (lease) =>
  !lease || lease.until < Date.now() || lease.until > Date.now() + TERM || hasLeft(lease.holder);

/** @param {AbortSignal} [signal] */
const pause = (signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, INTERVAL, true);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });

/** As much of a `LockManager` as the tabs of a session need. */
export const leases = {
  /**
   * @param {string} name
   * @param {LockOptions} options
   * @param {(lock: object | null) => unknown} told
   */
  async request(name, { ifAvailable = false, steal = false, signal }, told) {
    const holder = crypto.getRandomValues(new Uint32Array(4)).join('-');
    const renewed = () => ({ holder, until: Date.now() + TERM });
    /** @param {(lease: Lease | undefined) => boolean} may */
    const take = async (may) => (await change(name, (lease) => (may(lease) ? renewed() : lease)))?.holder === holder;
    const free = () => change(name, (lease) => (lease?.holder === holder ? undefined : lease));
    let isHeld = await take((lease) => steal || isOver(lease));
    while (!isHeld && !ifAvailable) {
      await pause(signal);
      isHeld = await take(isOver);
    }
    if (signal?.aborted) {
      await free();
      throw signal.reason;
    }
    const work = Promise.resolve(told(isHeld ? { name } : null));
    if (!isHeld) return work;
    const done = work.finally(() => (isHeld = false));
    holders.add(holder);
    try {
      while (isHeld) {
        await Promise.race([done, pause()]);
        // However late it is: what counts is whether somebody took it meanwhile.
        if (isHeld && !(await take((lease) => lease?.holder === holder))) throw new DOMException('', 'AbortError');
      }
      await free();
    } finally {
      holders.delete(holder);
    }
    return done;
  },
};
