/** Units by meter, such as `{ tokens: 1200 }`. */
export type Amounts = Record<string, number>;

/** Whose request it is. Tell keys apart by id; names are for display. */
export interface Key {
  id: string;
  name: string;
  owner: string;
  plan: string;
}

/** How one limit stands after the decision. */
export interface Limit {
  name: string;
  meter: string;
  kind: "quota" | "rate" | "concurrent";
  period: string;
  limit: number;
  used: number;
  reserved: number;
  remaining: number;
  /** RFC 3339; null: never. */
  resets_at: string | null;
}

/** What to send to your client: all of it after a denial, only the headers after an admission. */
export interface ClientResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A reservation as it stood when Ration answered. */
export interface Reservation {
  id: string;
  key: string;
  state: "open" | "settled" | "voided" | "expired";
  at_expiry: "keep" | "release";
  held: Amounts;
  settled: Amounts | null;
  created_at: string;
  expires_at: string;
}

/** What Ration decided. */
export interface Decision {
  allowed: boolean;
  /** "ok", "quota_exceeded", "key_unknown", … */
  code: string;
  /** null: unknown. */
  key: Key | null;
  limits: Limit[];
  response: ClientResponse;
  /** Seconds; absent: waiting doesn't help, or nobody has to. */
  retry_after?: number;
  /** true: decided before, for the same idempotency key; nothing was charged this time. */
  replayed?: boolean;
}

/** What Ration decided about a reservation. */
export type Reserved = (Decision & { allowed: true; reservation: Reservation }) | (Decision & { allowed: false; reservation?: null });

export interface ClientOptions {
  /** Default: RATION_URL, else http://127.0.0.1:8081. */
  url?: string;
  /** A service token. Default: RATION_TOKEN. */
  token?: string;
  /** Milliseconds that a call may take, with all its attempts. Default: 5000. */
  timeout?: number;
  /** How often a call is sent again, if that can't charge twice. Default: 2. */
  maxRetries?: number;
  /** Is told what a caller isn't: that a call is sent again. Default: console.warn. */
  log?: (message: string) => void;
}

export interface CallOptions {
  /** Milliseconds, in place of the client's. */
  timeout?: number;
}

export interface VerifyOptions extends CallOptions {
  /** A scope that the key must have. */
  scope?: string;
  /** The client's address. */
  ip?: string;
  /** Decides without charging. */
  dryRun?: boolean;
  /** The same whenever the same request comes again: then it is charged once. */
  idempotencyKey?: string;
}

export interface ReserveOptions extends CallOptions {
  scope?: string;
  ip?: string;
  /** A version 7 UUID of your own for the reservation. */
  id?: string;
  ttlSeconds?: number;
  atExpiry?: "keep" | "release";
  /** Default: a new one, unless there is an id. */
  idempotencyKey?: string;
}

export interface EndOptions extends CallOptions {
  /** The id of the key; only for a reservation that is named by its id alone. */
  key?: string;
}

export interface SettleOptions extends EndOptions {
  /** What to do if more was used than reserved. */
  over?: "refuse" | "clamp" | "overage";
}

/**
 * Asks Ration. A denial is a decision, not an error. An error means that nobody decided: don't let the request through.
 * One client for a process is right; its connections stay open.
 */
export class Client {
  /** @throws {Misconfigured} */
  constructor(options?: ClientOptions);
  /** Charges amounts; none: one request. The secret is what your client sent, also a whole Authorization field. */
  verify(secret: string | null | undefined, amounts?: Amounts | null, options?: VerifyOptions): Promise<Decision>;
  /** Holds amounts until settle or void. */
  reserve(secret: string | null | undefined, amounts?: Amounts | null, options?: ReserveOptions): Promise<Reserved>;
  /** Counts what was really used, in place of what is held; none: just what is held. */
  settle(reservation: Reservation | string, amounts?: Amounts | null, options?: SettleOptions): Promise<Reservation>;
  /** Counts nothing, and lets go of what is held. */
  void(reservation: Reservation | string, options?: EndOptions): Promise<Reservation>;
  /** Returns a reservation as it stands now. */
  reservation(reservation: Reservation | string, options?: EndOptions): Promise<Reservation>;
}

/** Nobody decided, or a reservation could not be ended. No text in it is a secret. */
export class RationError extends Error {
  /** Of Ration's answer; empty: there was none. */
  readonly code: string;
  /** Of Ration's answer; 0: there was none. */
  readonly status: number;
  /** By which Ration's logs have the call. */
  readonly requestId: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Which members of the call are wrong. */
  readonly errors: { pointer: string; detail: string }[];
}
/** The client was made with a URL or a token that can't be right. */
export class Misconfigured extends RationError {}
/** Ration can't be reached or can't decide now. Nothing was charged. */
export class Unavailable extends RationError {}
/** Nobody knows whether something was charged: the answer was lost, came too late or makes no sense. */
export class OutcomeUnknown extends RationError {}
/** The call is wrong; code and errors say what is. */
export class InvalidRequest extends RationError {}
/** The service token is missing, unknown or revoked, or lacks the scope. */
export class TokenRefused extends RationError {}
/** The idempotency key was used before, for another call. */
export class IdempotencyMismatch extends InvalidRequest {}
/** There is no such reservation, or it ended long ago. */
export class ReservationUnknown extends InvalidRequest {}
/** The reservation already ended differently, or was made with other members. */
export class ReservationConflict extends InvalidRequest {}
/** The reservation expired too long ago. */
export class ReservationExpired extends InvalidRequest {}
/** More was used than reserved. The reservation has not changed. */
export class SettlementTooLarge extends InvalidRequest {}

interface ExpressRequest {
  get(name: string): string | undefined;
  ip?: string;
}
interface ExpressResponse {
  append(name: string, value: string): unknown;
  status(code: number): this;
  set(name: string, value: string): this;
  end(body?: string): unknown;
}

/**
 * Makes an Express middleware: `charge()`, `charge({ tokens: 5 })`, `charge({}, { scope: "write" })`. The decision is in `req.ration`.
 * Without a client, RATION_URL and RATION_TOKEN say whom to ask. If nobody decides, the app's client gets 503.
 */
export function charge(
  amounts?: Amounts | null,
  options?: { scope?: string; client?: Client; log?: (message: string) => void },
): (req: ExpressRequest, res: ExpressResponse, next: () => void) => Promise<void>;

declare global {
  namespace Express {
    interface Request {
      /** What Ration decided, behind the middleware `charge`. */
      ration?: Decision;
    }
  }
}
