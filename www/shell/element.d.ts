import type { Checkout, CheckoutError, CheckoutEvents, Quote, Snapshot } from './index.js';

/** What elements use that lack the attribute. */
export interface ElementDefaults {
  endpoint?: string;
  currency?: string;
  locale?: string;
}

/** `<cartwright-checkout endpoint currency locale session-id storage-key name>` */
export interface CartwrightCheckoutElement extends HTMLElement {
  /** The checkout that is shown: the one that was set, or its own once it is open. */
  checkout: Checkout | undefined;
  /** Texts that replace the built-in ones, by key. */
  texts: Record<string, unknown> | undefined;
  /** Attribute `endpoint`: base address of the session endpoint. */
  endpoint: string | undefined;
  /** Attribute `currency`: ISO 4217 code. */
  currency: string | undefined;
  /** Attribute `session-id`: integration id of the session. */
  sessionId: string | undefined;
  /** Attribute `storage-key`: separates several checkouts on one origin. */
  storageKey: string | undefined;
  /** Attribute `locale`: BCP 47 tag for numbers and texts. */
  locale: string | undefined;
  /** Attribute `name`: a form gets the session id under it, and the fingerprint under `name-quote`. */
  name: string | undefined;
  /** The checkout, as soon as it is open; rejected with the `CheckoutError` that kept it from opening. */
  whenReady(): Promise<Checkout>;
  /** Leaves a session that the element opened itself and opens a new one. */
  startNew(): Promise<Checkout>;
  addEventListener<Type extends keyof CartwrightCheckoutEventMap>(
    type: Type,
    listener: (this: CartwrightCheckoutElement, event: CartwrightCheckoutEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** Events of the element; they bubble and are composed. */
export interface CartwrightCheckoutEventMap extends HTMLElementEventMap {
  'cartwright:change': CustomEvent<{ snapshot: Snapshot }>;
  'cartwright:quote': CustomEvent<{ quote: Quote | undefined; snapshot: Snapshot }>;
  'cartwright:coupon': CustomEvent<CheckoutEvents['coupon']>;
  /** The button was pressed. Cancellable; `waitUntil` holds the order until a promise is fulfilled. */
  'cartwright:checkout': CustomEvent<{
    checkout: Checkout;
    snapshot: Snapshot;
    waitUntil(promise: Promise<unknown>): void;
  }>;
  'cartwright:closed': CustomEvent<CheckoutEvents['closed']>;
  'cartwright:error': CustomEvent<CheckoutError>;
}

/**
 * Defines the element. A second call is harmless; it warns when another version was defined before.
 * Does nothing where there is no registry of custom elements, as in Node.
 *
 * @param name tag name, `cartwright-checkout` by default
 */
export function defineCheckoutElement(
  name?: string,
  options?: { defaults?: ElementDefaults },
): CustomElementConstructor | undefined;

/** Attributes of the element as JSX takes them. */
export interface CartwrightCheckoutAttributes {
  endpoint?: string;
  currency?: string;
  locale?: string;
  'session-id'?: string;
  'storage-key'?: string;
  name?: string;
  id?: string;
  class?: string;
  className?: string;
  style?: unknown;
  slot?: string;
  lang?: string;
  dir?: string;
  hidden?: boolean;
  children?: unknown;
  ref?: unknown;
  key?: string | number | bigint | null;
}

declare global {
  interface HTMLElementTagNameMap {
    'cartwright-checkout': CartwrightCheckoutElement;
  }
  namespace JSX {
    interface IntrinsicElements {
      'cartwright-checkout': CartwrightCheckoutAttributes;
    }
  }
}
