import { CheckoutError, formatAmount, openCheckout, VERSION } from './index.js';
import english from './locales/en.js';
import { styleSheet } from './style.js';
import { createView, orderFailure } from './view.js';
import { mergeTexts } from './wording.js';

/** @typedef {import('./index.js').Checkout} Checkout */
/** @typedef {import('./index.js').Snapshot} Snapshot */
/** @typedef {{ endpoint?: string, currency?: string, locale?: string }} Defaults */

/** Attributes that decide which session is shown; another value opens another checkout. */
const IDENTIFYING = { endpoint: 'endpoint', currency: 'currency', sessionId: 'session-id', storageKey: 'storage-key' };
const ATTRIBUTES = { ...IDENTIFYING, locale: 'locale', name: 'name' };

/** How long placing an order waits for the newest total. */
const QUOTE_WAIT_MS = 30_000;

/** @param {string} amount */
const negated = (amount) => (amount.startsWith('-') ? amount.slice(1) : /[1-9]/.test(amount) ? `-${amount}` : amount);

/**
 * A locale that `Intl` takes, else `undefined`, which is that of the browser.
 *
 * @param {string | null | undefined} tag
 */
function knownLocale(tag) {
  try {
    return tag ? Intl.getCanonicalLocales(tag)[0] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Defines the element. A second call is harmless; when another version was defined before, it warns.
 * Does nothing where there is no registry of custom elements, as in Node.
 *
 * @param {string} [name] tag name, `cartwright-checkout` by default
 * @param {{ defaults?: Defaults }} [options] what elements use that lack the attribute
 * @returns {CustomElementConstructor | undefined} the class that is registered
 */
export function defineCheckoutElement(name = 'cartwright-checkout', { defaults = {} } = {}) {
  const registry = globalThis.customElements;
  if (!registry) return undefined;
  const known = /** @type {any} */ (registry.get(name));
  if (known) {
    if (known.version !== VERSION) {
      console.warn(
        `<${name}> is already defined by version ${known.version ?? 'unknown'}; version ${VERSION} is not used.`,
      );
    }
    return known;
  }
  const Element = createElementClass(defaults);
  registry.define(name, Element);
  return Element;
}

/** @param {Defaults} defaults */
function createElementClass(defaults) {
  class CartwrightCheckout extends HTMLElement {
    static version = VERSION;
    static formAssociated = true;
    static observedAttributes = Object.values(ATTRIBUTES);

    /** @type {ElementInternals | undefined} */
    #internals = this.attachInternals?.();
    #view = createView(this.#shadow(), {
      order: () => this.#order(),
      retry: () => {
        this.#checkout?.flush().catch(() => {});
      },
      startNew: () => {
        this.startNew().then(
          () => this.#view.focus(),
          () => {},
        );
      },
    });
    /** @type {Checkout | undefined} */
    #checkout;
    #own = false;
    /** Counts openings, so that an answer to an abandoned one is known. */
    #turn = 0;
    #opening = false;
    /** @type {(() => void)[]} */
    #off = [];
    /** @type {{ resolve: (checkout: Checkout) => void, reject: (error: unknown) => void }[]} */
    #waiting = [];
    /** @type {Record<string, any> | undefined} */
    #texts;
    /** @type {import('./view.js').Context | undefined} */
    #context;
    #settling = false;
    #rendering = false;
    #busy = false;
    #disabled = false;
    #notice = { text: '', revision: 0 };

    #shadow() {
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [styleSheet()];
      return root;
    }

    /** The checkout that is shown: the one that was set, or its own once it is open. */
    get checkout() {
      return this.#checkout;
    }

    set checkout(checkout) {
      if (checkout === this.#checkout) return;
      this.#leave();
      if (checkout) this.#use(checkout, false);
      else this.#settle();
    }

    /** Texts that replace the built-in ones, by the keys of `locales/en.js`. */
    get texts() {
      return this.#texts;
    }

    set texts(texts) {
      this.#texts = texts;
      this.#restyle();
    }

    /**
     * The checkout that is shown, as soon as it is open.
     *
     * @returns {Promise<Checkout>} rejects with the `CheckoutError` that kept it from opening
     */
    whenReady() {
      if (this.#checkout) return Promise.resolve(this.#checkout);
      return new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
    }

    /**
     * Leaves a session that the element opened itself and opens a new one.
     *
     * @returns {Promise<Checkout>} the new checkout
     */
    startNew() {
      this.#leave();
      this.#settle();
      return this.whenReady();
    }

    connectedCallback() {
      for (const property of ['checkout', 'texts', ...Object.keys(ATTRIBUTES)]) this.#upgrade(property);
      this.#settle();
    }

    disconnectedCallback() {
      this.#settle();
    }

    /**
     * @param {string} name
     * @param {string | null} before
     * @param {string | null} now
     */
    attributeChangedCallback(name, before, now) {
      if (before === now) return;
      const given = this.#checkout && !this.#own;
      if (!given && Object.values(IDENTIFYING).includes(name)) {
        this.#leave();
        this.#settle();
      }
      this.#restyle();
    }

    /** @param {boolean} disabled */
    formDisabledCallback(disabled) {
      this.#disabled = disabled;
      this.#schedule();
    }

    /** A property that was set before the element was defined hides the accessor. @param {string} property */
    #upgrade(property) {
      if (!Object.hasOwn(this, property)) return;
      const value = Reflect.get(this, property);
      Reflect.deleteProperty(this, property);
      Reflect.set(this, property, value);
    }

    /** Opens or closes an own checkout once the present task is over, so that moving the node changes nothing. */
    #settle() {
      if (this.#settling) return;
      this.#settling = true;
      queueMicrotask(() => {
        this.#settling = false;
        if (!this.isConnected) {
          if (this.#own || this.#opening) this.#leave();
          else this.#stopListening();
        } else if (this.#checkout) {
          if (this.#off.length === 0) this.#use(this.#checkout, this.#own);
        } else if (!this.#opening) this.#open();
      });
    }

    /** @param {string} attribute */
    #setting(attribute) {
      return (
        this.getAttribute(attribute) ??
        /** @type {Record<string, string | undefined>} */ (defaults)[attribute] ??
        undefined
      );
    }

    async #open() {
      const turn = ++this.#turn;
      this.#opening = true;
      try {
        /** @type {any} */
        const options = {};
        for (const [option, attribute] of Object.entries(IDENTIFYING)) {
          const value = this.#setting(attribute);
          if (value !== undefined) options[option] = value;
        }
        const checkout = await openCheckout(options);
        if (turn === this.#turn) this.#use(checkout, true);
        else checkout.dispose();
      } catch (error) {
        if (turn !== this.#turn) return;
        this.#opening = false;
        this.#state('error', true);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const { reject } of waiting) reject(error);
        console.error(error);
        this.#tell('error', error);
      }
    }

    #stopListening() {
      for (const off of this.#off) off();
      this.#off = [];
    }

    /** Lets go of the present checkout and shows the default slot again. */
    #leave() {
      this.#turn += 1;
      this.#opening = false;
      this.#stopListening();
      if (this.#own) this.#checkout?.dispose();
      this.#own = false;
      this.#checkout = undefined;
      this.#context = undefined;
      this.#busy = false;
      this.#notice.text = '';
      this.#view.reset();
      this.#value();
      for (const state of ['syncing', 'offline', 'error', 'closed']) this.#state(state, false);
    }

    /**
     * @param {Checkout} checkout
     * @param {boolean} own
     */
    #use(checkout, own) {
      this.#turn += 1;
      this.#opening = false;
      this.#checkout = checkout;
      this.#own = own;
      const snapshot = () => checkout.getSnapshot();
      this.#off = [
        checkout.subscribe(() => {
          this.#schedule();
          this.#tell('change', { snapshot: snapshot() });
        }),
        checkout.on('quote', () => this.#tell('quote', { quote: snapshot().quote, snapshot: snapshot() })),
        checkout.on('coupon', (/** @type {unknown} */ detail) => this.#tell('coupon', detail)),
        checkout.on('closed', (/** @type {unknown} */ detail) => this.#tell('closed', detail)),
        checkout.on('error', (/** @type {unknown} */ detail) => this.#tell('error', detail)),
      ];
      this.#render();
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { resolve } of waiting) resolve(checkout);
    }

    /**
     * @param {string} type
     * @param {unknown} detail
     */
    #tell(type, detail) {
      return this.dispatchEvent(
        new CustomEvent(`cartwright:${type}`, {
          detail,
          bubbles: true,
          composed: true,
          cancelable: type === 'checkout',
        }),
      );
    }

    /** Renders again from other texts, locale or currency. */
    #restyle() {
      this.#context = undefined;
      this.#schedule();
    }

    /** Renders once after the present task, however many edits it makes. */
    #schedule() {
      if (this.#rendering || !this.#checkout) return;
      this.#rendering = true;
      queueMicrotask(() => {
        this.#rendering = false;
        if (this.#checkout) this.#render();
      });
    }

    #makeContext() {
      const currency = this.#setting('currency') ?? /** @type {any} */ (this.#checkout).currency;
      const locale = knownLocale(this.#setting('locale') || this.closest('[lang]')?.getAttribute('lang'));
      /** @param {string} amount */
      const money = (amount) => {
        try {
          return formatAmount(amount, { currency, locale });
        } catch {
          return currency ? `${amount} ${currency}` : amount;
        }
      };
      return {
        checkout: /** @type {Checkout} */ (this.#checkout),
        texts: mergeTexts(english, this.#texts),
        locale,
        money,
        negative: (/** @type {string} */ amount) => money(negated(amount)),
      };
    }

    #render() {
      const snapshot = /** @type {Checkout} */ (this.#checkout).getSnapshot();
      this.#context ??= this.#makeContext();
      const { phase } = snapshot.sync;
      if (phase === 'opening' && !snapshot.restored) {
        // An edit before a kept session is read would replace it, so the form waits.
        this.#state('syncing', true);
        return;
      }
      this.#view.render(snapshot, this.#context, {
        busy: this.#busy,
        disabled: this.#disabled,
        canStartNew: this.#own,
        notice: this.#notice.revision === snapshot.revision ? this.#notice.text : '',
      });
      this.#value(snapshot);
      this.#state('syncing', ['opening', 'scheduled', 'sending', 'waiting', 'follower', 'closing'].includes(phase));
      this.#state('offline', phase === 'offline');
      this.#state('error', phase === 'blocked');
      this.#state('closed', snapshot.state !== 'open');
    }

    /** Tells the form around the element the session and the quote. @param {Snapshot} [snapshot] */
    #value(snapshot) {
      const name = this.getAttribute('name');
      if (!this.#internals?.setFormValue) return;
      if (!name || !snapshot) return this.#internals.setFormValue(null);
      const data = new FormData();
      data.set(name, snapshot.sessionId);
      data.set(`${name}-quote`, snapshot.quote?.fingerprint ?? '');
      this.#internals.setFormValue(data);
    }

    /**
     * @param {string} name
     * @param {boolean} on
     */
    #state(name, on) {
      const states = this.#internals?.states;
      try {
        if (on) states?.add(name);
        else states?.delete(name);
      } catch {
        // Engines before the final syntax only take names that begin with two dashes.
        if (on) states?.add(`--${name}`);
        else states?.delete(`--${name}`);
      }
    }

    /** Places the order at the total that the shopper sees, unless the page takes that over. */
    async #order() {
      const checkout = this.#checkout;
      if (!checkout || this.#busy) return;
      const seen = checkout.getSnapshot();
      if (seen.lines.length === 0 || seen.state !== 'open') return;
      this.#busy = true;
      this.#notice.text = '';
      /** @type {Promise<unknown>[]} */
      const waits = [];
      const proceed = this.#tell('checkout', {
        checkout,
        snapshot: seen,
        /** @param {Promise<unknown>} promise */
        waitUntil: (promise) => {
          waits.push(promise);
        },
      });
      this.#render();
      try {
        await Promise.all(waits);
        if (proceed) await this.#close(checkout, seen);
      } catch (error) {
        if (checkout === this.#checkout) {
          const snapshot = checkout.getSnapshot();
          this.#notice = {
            text: orderFailure(this.#context ?? this.#makeContext(), error, snapshot),
            revision: snapshot.revision,
          };
        }
      } finally {
        if (checkout === this.#checkout) {
          this.#busy = false;
          this.#render();
        }
      }
    }

    /**
     * @param {Checkout} checkout
     * @param {Snapshot} seen what the shopper saw at the click
     */
    async #close(checkout, seen) {
      const newest = seen.quote?.current ? seen : await checkout.settled({ timeoutMs: QUOTE_WAIT_MS });
      if (newest.totals.payable !== seen.totals.payable) throw new CheckoutError('quote_changed');
      await checkout.close({ quote: newest.quote?.fingerprint });
    }
  }

  for (const [property, attribute] of Object.entries(ATTRIBUTES)) {
    Object.defineProperty(CartwrightCheckout.prototype, property, {
      configurable: true,
      enumerable: true,
      get() {
        return this.getAttribute(attribute) ?? undefined;
      },
      set(value) {
        if (value === undefined || value === null) this.removeAttribute(attribute);
        else this.setAttribute(attribute, String(value));
      },
    });
  }
  return CartwrightCheckout;
}
