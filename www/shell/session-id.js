/** Random bytes as hexadecimal digits. @param {number} count */
const randomHex = (count) =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An unguessable id for a new session: 128 random bits. */
export const newSessionId = () => `cw-${randomHex(16)}`;

const MADE_ID = /^cw-[0-9a-f]{32}$/;

/** 64 random bits for the core, which has no randomness of its own. */
export const newSeed = () => randomHex(8);

/**
 * Where the id of a made session is kept until the session ends: in this tab only. A duplicated tab gets a copy of it and shares the session.
 * Every failure of the storage is ignored, the id then lives as long as the page.
 *
 * @param {string} key
 */
export function keptId(key) {
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
  };
}
