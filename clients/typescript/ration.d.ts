/**
 * Units by meter, such as `{ tokens: 1200 }`. Of meters with a unit they may be decimals; a text is sent as the decimal
 * number that it is: `{ eur: "0.10" }`.
 */
export type Amounts = Record<string, number | bigint | `${number}`>;

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
  held: Record<string, number>;
  settled: Record<string, number> | null;
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
  /** Default: RATION_URL, else http://127.0.0.1:8081. Of an Admin: RATION_ADMIN_URL, else http://127.0.0.1:8082. */
  url?: string;
  /** A service token. Default: RATION_TOKEN. Of an Admin: RATION_ADMIN_TOKEN. */
  token?: string;
  /** Milliseconds that a call may take, with all its attempts. Default: 5000. */
  timeout?: number;
  /** Milliseconds that a connection may take to be made. Default: 2000. */
  connectTimeout?: number;
  /** How often a call is sent again, if that can't do anything twice. Default: 2. */
  maxRetries?: number;
  /** Is told what a caller isn't: that a call is sent again. Default: console.warn. */
  log?: (message: string) => void;
  /** For https with a CA of your own: its certificate, as PEM. */
  ca?: string;
}

export interface CallOptions {
  /** Milliseconds, in place of the client's. */
  timeout?: number;
  /** Ends the call; it rejects with the signal's reason. What was sent may have been done. */
  signal?: AbortSignal;
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
  /** Returns what a key has used and what remains, by its own secret and without the token. path is Ration's usage_path. */
  ownUsage(secret: string | null | undefined, options?: CallOptions & { path?: string }): Promise<OwnUsage>;
  /** Closes connections. The client can be used again. */
  close(): void;
}

/** What the holder of a key may know of its usage in the last 30 days. */
export interface OwnUsage {
  key: { id: string; name: string; plan: string; time_zone: string; expires_at: string | null };
  at: string;
  limits: Limit[];
  from: string;
  to: string;
  usage: { meter: string; used: number; denied: number; days: { date: string; used: number; denied: number }[] }[];
  more: boolean;
}

/** A limit of a plan, or of a key. */
export interface PlanLimit {
  name: string;
  meter: string;
  kind: "quota" | "rate" | "concurrent";
  /** Per period. */
  quantity: number;
  period: string;
  /** Of rates: the most at one instant. */
  burst: number;
}

/** A key's own limit, in place of its plan's. */
export interface Override extends PlanLimit {
  unlimited: boolean;
  expires_at: string | null;
  starts_at: string | null;
  removed: boolean;
}

/** A limit that holds for a key, and what remains of it. */
export interface KeyLimit extends PlanLimit {
  override: boolean;
  used: number;
  reserved: number;
  remaining: number;
  resets_at: string | null;
}

/** What is known of a key's secret: not its text. */
export interface Secret {
  id: string;
  label: string;
  start: string;
  end: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** A key. Times are RFC 3339. */
export interface KeyRecord {
  id: string;
  name: string;
  owner: string;
  plan: string;
  next_plan?: string;
  next_plan_at?: string;
  status: "pending" | "active" | "disabled" | "revoked" | "rejected";
  expired: boolean;
  expires_at: string | null;
  scopes: string[];
  allowed_ips: string[];
  time_zone: string;
  metadata: Record<string, string>;
  unlimited: boolean;
  /** When the key has no limit at all. */
  no_limit?: { starts_at: string | null; ends_at: string | null; marked: boolean };
  created_at: string;
  updated_at: string;
  overrides: Override[];
  secrets: Secret[];
  /** Requests of its current day; only of `keys({ today: true })`. */
  today?: { used: number; reserved: number; limit: number | null };
  /** For updateKey; absent in lists. */
  version?: string;
}

/** A key, how its limits stand, and what it has used by meter, in all time and in the current periods. */
export interface KeyStatus extends KeyRecord {
  at: string;
  period_zone: string;
  limits: KeyLimit[];
  usage: {
    meter: string; used: number; reserved: number; denied: number; hour: number; day: number; week: number; month: number;
    first_request_at: string | null; last_request_at: string | null;
  }[];
}

/** A key with a secret that was just made. It can't be shown again, and console.log doesn't show it. */
export interface IssuedSecret {
  key: KeyRecord;
  secret_id: string;
  secret: string;
}

/** A limit that a key gets of its own: `{ limit: "1000/day" }`, `{ limit: "5000/day", expires_at: date }`. */
export interface NewLimit {
  limit: string;
  expires_at?: string | Date;
}

export interface NewKey {
  name: string;
  owner?: string;
  plan?: string;
  expires_at?: string | Date;
  scopes?: string[];
  allowed_ips?: string[];
  time_zone?: string;
  metadata?: Record<string, string>;
  limits?: NewLimit[];
  /** Of the first secret. Default: "default". */
  label?: string;
  /** The missing limit is intended. */
  unlimited?: boolean;
}

/** Changes of a key: what is left out stays, and null takes away. */
export interface KeyChanges {
  name?: string;
  owner?: string | null;
  plan?: string | null;
  expires_at?: string | Date | null;
  scopes?: string[] | null;
  allowed_ips?: string[] | null;
  time_zone?: string | null;
  metadata?: Record<string, string | null>;
  set_limits?: NewLimit[];
  clear_limits?: string[];
  clear_temporary_limits?: string[];
  clear_lasting_limits?: string[];
  unlimited?: boolean;
  from_next_period?: boolean;
}

export interface KeySelection {
  owner?: string;
  plan?: string;
  status?: string;
  name?: string;
  unlimited?: "any" | "marked" | "unmarked";
  secret_start?: string;
  /** Beginnings of words of the name or the owner, the start of a secret, or an id. */
  search?: string;
  today?: boolean;
  sort?: "created_at" | "-created_at" | "name" | "-name" | "owner" | "-owner";
  /** The most keys of one page. It may have fewer, even none, and not be the last. */
  limit?: number;
  cursor?: string;
}

export interface UsageSelection {
  key?: string;
  owner?: string;
  meter?: string;
  /** The first day, such as "2030-01-31"; of a Date the day in UTC. */
  from?: string | Date;
  /** The last day. */
  to?: string | Date;
  groupBy?: ("key" | "owner" | "plan" | "hour" | "day" | "month" | "meter")[];
  /** The time zone of all days. Default: each key's own. */
  zone?: string;
  limit?: number;
}

/** What a group used on a meter. Members that the report isn't grouped by are absent. */
export interface UsageSum {
  key_id?: string;
  key_name?: string;
  owner?: string;
  plan?: string;
  hour?: string;
  day?: string;
  month?: string;
  meter: string;
  used: number;
  denied: number;
  last_request_at: string | null;
}

export interface UsageReport {
  sums: UsageSum[];
  /** One for each meter. */
  totals: UsageSum[];
  /** There are more sums than were asked for; the totals have them too. */
  more: boolean;
}

/** A named set of limits. */
export interface Plan {
  name: string;
  time_zone: string;
  limits: PlanLimit[];
  next: (PlanLimit & { removed: boolean; since: string })[];
  unlimited: boolean;
  created_at: string;
  updated_at: string;
  /** For updatePlan; absent in lists. */
  version?: string;
}

export interface NewPlan {
  name: string;
  time_zone?: string;
  /** `["1000/day", "10/second burst 20"]` */
  limits?: string[];
  unlimited?: boolean;
}

export interface PlanChanges {
  time_zone?: string | null;
  set_limits?: string[];
  remove_limits?: string[];
  unlimited?: boolean;
  from_next_period?: boolean;
}

export interface CreateOptions extends CallOptions {
  /** The same for the same form or order: then two calls make one thing, and give its secret again. Default: a new one for each call. */
  idempotencyKey?: string;
}

/** version: that of what you have read, so it is needed only with an id; "*" changes the thing whatever it is now. */
export interface ChangeOptions extends CallOptions {
  version?: string;
}

/**
 * Administers keys and plans, and reads usage. The token has the scope "keys" for keys and their secrets, "admin" for plans,
 * and "read" is enough to read.
 */
export class Admin {
  /** @throws {Misconfigured} */
  constructor(options?: ClientOptions);
  /** Makes a key with a secret, which is shown now and never again. */
  createKey(key: NewKey, options?: CreateOptions): Promise<IssuedSecret>;
  /** Returns a key, what it has used, and what remains. */
  showKey(id: string, options?: CallOptions): Promise<KeyStatus>;
  /** Yields all keys that match, page by page. */
  keys(selection?: KeySelection, options?: CallOptions): AsyncGenerator<KeyRecord, void, undefined>;
  /** Returns one page of the keys that match. */
  listKeys(selection?: KeySelection, options?: CallOptions): Promise<{ items: KeyRecord[]; next_cursor: string | null }>;
  /** Changes a key, if it still is as you have read it: `updateKey(await showKey(id), { plan: "pro" })`. Changed: somebody else was quicker. */
  updateKey(key: KeyRecord | string, changes: KeyChanges, options?: ChangeOptions): Promise<KeyRecord>;
  /** Refuses a key's requests until it is enabled again. */
  disableKey(key: KeyRecord | string, options?: CallOptions): Promise<KeyRecord>;
  /** Undoes disableKey. */
  enableKey(key: KeyRecord | string, options?: CallOptions): Promise<KeyRecord>;
  /** Ends a key for good. Its history stays. */
  revokeKey(key: KeyRecord | string, options?: CallOptions): Promise<KeyRecord>;
  /** Makes a new secret, and ends those with the same label: at once, or after overlap seconds. */
  rotateKey(key: KeyRecord | string, options?: CreateOptions & { label?: string; overlap?: number }): Promise<IssuedSecret>;
  /** Gives a key a further secret. */
  addSecret(key: KeyRecord | string, secret: { label: string; expires_at?: string | Date }, options?: CreateOptions): Promise<IssuedSecret>;
  /** Ends one secret of a key at once. */
  revokeSecret(key: KeyRecord | string, secretId: string, options?: CallOptions): Promise<KeyRecord>;
  /** Adds usage up: `usage({ owner: "ada", from: "2030-01-01", to: "2030-01-31", groupBy: ["key", "month"] })`. */
  usage(selection?: UsageSelection, options?: CallOptions): Promise<UsageReport>;
  /** Returns all plans, by name, at most 1000. */
  listPlans(options?: CallOptions): Promise<Plan[]>;
  showPlan(name: string, options?: CallOptions): Promise<Plan>;
  createPlan(plan: NewPlan, options?: CreateOptions): Promise<Plan>;
  /** Changes a plan, if it still is as you have read it. */
  updatePlan(plan: Plan | string, changes: PlanChanges, options?: ChangeOptions): Promise<Plan>;
  /** Deletes a plan that no key has. */
  deletePlan(name: string, options?: CallOptions): Promise<void>;
  /** Makes any other call of the admin API, such as `request("GET", "/v1/admin/audit?limit=10")`, and returns its JSON. */
  request(method: string, path: string, body?: object, options?: ChangeOptions & { idempotencyKey?: string }): Promise<any>;
  /** Closes connections. The client can be used again. */
  close(): void;
}

/** Nobody decided, or nothing was changed or read. No text in it is a secret. */
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
/** Ration can't be reached or can't decide now. Nothing was charged or changed. */
export class Unavailable extends RationError {}
/** Nobody knows whether something was charged or changed: the answer was lost, came too late or makes no sense. */
export class OutcomeUnknown extends RationError {}
/** The call is wrong; code and errors say what is. */
export class InvalidRequest extends RationError {}
/** The service token is missing, unknown or revoked, or may not do this. */
export class TokenRefused extends RationError {}
/** The secret that asks for its own usage is unknown, or its key can't be used. */
export class KeyRefused extends RationError {}
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
/** There is no such key, secret or plan, or the token doesn't reach it. */
export class NotFound extends InvalidRequest {}
/** The name or the id is taken. */
export class AlreadyExists extends InvalidRequest {}
/** The change contradicts the present state. */
export class Conflict extends InvalidRequest {}
/** Somebody else has changed it since you read it. Read it again, and decide anew. */
export class Changed extends InvalidRequest {}

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

export interface ChargeOptions {
  scope?: string;
  client?: Client;
  /** Lets requests through, uncounted and without `req.ration`, while Ration can't be reached. Default: false. */
  failOpen?: boolean;
  log?: (message: string) => void;
}

/**
 * Makes an Express middleware: `charge()`, `charge({ tokens: 5 })`, `charge({}, { scope: "write" })`, `charge((req) => ({ tokens: req.body.length }))`.
 * The decision is in `req.ration`. Without a client, RATION_URL and RATION_TOKEN say whom to ask. If nobody decides, the app's client gets 503.
 */
export function charge<Request extends ExpressRequest = ExpressRequest & Record<string, any>>(
  amounts?: Amounts | ((req: Request) => Amounts | Promise<Amounts>) | null,
  options?: ChargeOptions,
): (req: Request, res: ExpressResponse, next: () => void) => Promise<void>;

/**
 * Makes a handler for Express where holders of keys see what remains: `app.get("/v1/usage", usagePage())`. That is where answers
 * with status 429 say that it is. It costs nothing.
 */
export function usagePage(options?: { client?: Client; log?: (message: string) => void }): (req: ExpressRequest, res: ExpressResponse) => Promise<void>;

declare global {
  namespace Express {
    interface Request {
      /** What Ration decided, behind the middleware `charge`. */
      ration?: Decision;
    }
  }
}
