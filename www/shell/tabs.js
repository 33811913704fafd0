// Other tabs with the same session: a lock that one of them holds, and a channel on which all of them are told.

/** Messages of another version of the records go elsewhere. */
const VERSION = 1;

/** How long other tabs may take to write for one that cannot, in milliseconds. */
const MAX_WAIT = 1000;

/**
 * @typedef {object} Tabs
 * @property {boolean} locked whether this tab had the lock at once
 * @property {(text: string) => void} tell
 * @property {(writes: string) => Promise<string | undefined>} ask another tab to carry out a transaction; rejects where
 *   none does
 * @property {(what: string) => void} lock `take`, `steal` or `yield` it
 * @property {() => void} leave
 */

/**
 * Takes part with a session; rejects where a page cannot, as while it is left.
 *
 * @param {string} session
 * @param {(text: string) => void} hear
 * @param {(signal: 'locked' | 'unlocked') => void} signal
 * @param {(writes: string) => Promise<string | undefined>} write carries out a transaction for another tab
 * @returns {Promise<Tabs>}
 */
export async function joinTabs(session, hear, signal, write) {
  const name = `cartwright:${VERSION}:${session}`;
  /** @type {{ request: Function }} */
  const locks = navigator.locks ?? (await import('./lease.js')).leases;
  /** @type {(() => void) | undefined} */
  let release;
  /** @type {AbortController | undefined} */
  let waiting;

  /**
   * @param {LockOptions} options
   * @param {(held: boolean) => void} told
   */
  const request = async (options, told) => {
    /** @type {(() => void) | undefined} */
    let own;
    try {
      await locks.request(name, options, (/** @type {unknown} */ lock) => {
        waiting = undefined;
        // Until it resolves the lock is held.
        const end = lock && new Promise((resolve) => (release = own = () => resolve(undefined)));
        told(Boolean(lock));
        return end;
      });
    } catch (error) {
      if (!own) throw error;
      // It was stolen, unless it was let go of and the one that is held now is another.
      if (release === own) {
        release = undefined;
        signal('unlocked');
      }
    }
  };

  const letGo = () => {
    waiting?.abort();
    waiting = undefined;
    release?.();
    release = undefined;
  };

  /** @param {LockOptions} options */
  const gain = (options) => {
    // Who waits in vain is being left.
    request(options, () => signal('locked')).catch(() => {});
  };

  const locked = await new Promise((resolve, reject) => {
    request({ ifAvailable: true }, resolve).catch(reject);
  });
  const channel = new BroadcastChannel(name);
  /** Who waits for a transaction. @type {Map<number, (found?: string) => void>} */
  const asked = new Map();
  channel.onmessage = ({ data }) => {
    if (typeof data === 'string') return hear(data);
    const { id, until, writes, found } = Object(data);
    if (writes === undefined) return asked.get(id)?.(found ? String(found) : undefined);
    // What is late is not waited for any more; one that cannot store either leaves it to others.
    if (Date.now() > until) return;
    write(writes)
      .then((found) => channel.postMessage({ id, found }))
      .catch(() => {});
  };
  return {
    locked,
    tell: (text) => channel.postMessage(text),
    ask: (writes) =>
      new Promise((resolve, reject) => {
        const id = Math.random();
        asked.set(id, resolve);
        channel.postMessage({ id, until: Date.now() + MAX_WAIT, writes });
        setTimeout(() => {
          asked.delete(id);
          reject(new Error('nobody'));
        }, MAX_WAIT);
      }),
    lock: (what) => {
      if (what !== 'take') letGo();
      if (what === 'steal') gain({ steal: true });
      if (what === 'take' && !waiting && !release) {
        waiting = new AbortController();
        gain({ signal: waiting.signal });
      }
    },
    leave: () => {
      letGo();
      channel.close();
    },
  };
}
