// The API in memory: accounts, sessions and two collections of records, with the refresh semantics of the real server.

import { createHash } from "node:crypto";

/** A request as it reaches the server. */
export interface Asked {
  method: string;
  /** The path, without the query. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** The JSON body; undefined without one. */
  body: Record<string, unknown> | undefined;
  /** The refresh token of the browser's cookie, if it was sent. */
  cookie: string | null;
}

/** A reply as it leaves the server. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** The body as text; absent for 204. */
  body?: string;
  /** The cookie that the browser is to keep; null where it is to forget it. */
  cookie?: string | null;
}

/** A user as the server keeps it. */
export interface Account {
  id: string;
  email: string | null;
  password: string;
  role: string;
  disabled: boolean;
  name: string | null;
  /** The code of the second factor; null without one. */
  factor: string | null;
}

/** A session as the server keeps it; times in milliseconds. */
export interface Kept {
  id: string;
  user: string;
  generation: number;
  hash: string;
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number;
  since: number;
  count: number;
  /** The reason for which it ended; null while it stands. */
  ended: string | null;
}

/** A record as the server keeps it. */
interface Row {
  id: string;
  owner: string;
  collection: string;
  revision: number;
  record: Record<string, unknown>;
}

/** The settings of the server; times in milliseconds. */
export interface Settings {
  accessTokenTtl: number;
  refreshTokenTtl: number;
  sessionMaxAge: number;
  refreshGrace: number;
  refreshRetry: number;
  refreshes: number;
  refreshWindow: number;
}

const SETTINGS: Settings = {
  accessTokenTtl: 900_000,
  refreshTokenTtl: 7 * 86_400_000,
  sessionMaxAge: 30 * 86_400_000,
  refreshGrace: 10_000,
  refreshRetry: 86_400_000,
  refreshes: 30,
  refreshWindow: 60_000,
};

const sha = (text: string): string => createHash("sha256").update(text).digest("base64url");

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly more: { retryAfter?: number; forgets?: boolean; mfa?: object };
  constructor(status: number, code: string, more: Refusal["more"] = {}) {
    super(code);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

/** The server. Each request is one step at the time that `now` gives. */
export class Server {
  readonly settings: Settings;
  readonly accounts = new Map<string, Account>();
  readonly sessions = new Map<string, Kept>();
  readonly rows = new Map<string, Row>();
  /** The records by the keys of idempotent creations. */
  readonly created = new Map<string, string>();
  /** The sessions that the server ended, each with the reason. */
  readonly ended: { session: string; reason: string; at: number }[] = [];
  /** The number of refreshes by their verdicts: rotated, again, forgiven, revoked, refused, throttled. */
  readonly verdicts: Record<string, number> = {};
  /** Every request: the method and the path. */
  readonly requests: string[] = [];
  readonly now: () => number;
  #ids = 0;

  constructor(now: () => number, settings: Partial<Settings> = {}) {
    this.now = now;
    this.settings = { ...SETTINGS, ...settings };
  }

  /** The number of refreshes that gave a pair. */
  get refreshes(): number {
    return (this.verdicts["rotated"] ?? 0) + (this.verdicts["again"] ?? 0);
  }

  /** The number of requests whose line begins with this text. */
  count(start: string): number {
    return this.requests.filter((line) => line.startsWith(start)).length;
  }

  /** Makes an account. */
  add(email: string | null, password: string, more: Partial<Account> = {}): Account {
    const account: Account = {
      id: this.#id(), email, password, role: "authenticated", disabled: false, name: null, factor: null, ...more,
    };
    this.accounts.set(account.id, account);
    return account;
  }

  /** Ends a session, as an admin would. */
  end(id: string, reason: string): void {
    const session = this.sessions.get(id);
    if (!session || session.ended !== null) return;
    session.ended = reason;
    this.ended.push({ session: id, reason, at: this.now() });
  }

  /** The answer to a request. */
  handle(asked: Asked): Answer {
    this.requests.push(`${asked.method} ${asked.path}`);
    try {
      return this.#route(asked);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, more } = error;
      const headers: Record<string, string> = { "content-type": "application/json", "x-request-id": this.#id() };
      if (more.retryAfter !== undefined) headers["retry-after"] = String(more.retryAfter);
      const content = { code, message: code, requestId: headers["x-request-id"], ...(more.mfa ? { mfa: more.mfa } : {}) };
      const forgets = more.forgets && asked.cookie !== null && !asked.body?.["refreshToken"];
      return { status, headers, body: JSON.stringify({ error: content }), ...(forgets ? { cookie: null } : {}) };
    }
  }

  #id(): string {
    this.#ids += 1;
    return `01900000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  #route(asked: Asked): Answer {
    const { method, path } = asked;
    const [, , area = "", first, second] = path.split("/");
    if (area === "auth") {
      const route = `${method} ${[first, second].filter(Boolean).join("/")}`;
      if (route === "POST register") return this.#register(asked);
      if (route === "POST login") return this.#login(asked);
      if (route === "POST anonymous") return this.#begin(this.add(null, "", { role: "anonymous" }), asked, 201);
      if (route === "POST mfa/verify") return this.#verify(asked);
      if (route === "POST refresh") return this.#refresh(asked);
      if (route === "POST logout") return this.#logout(asked);
      if (route === "GET me") return this.#json(200, { ...this.#wire(this.#caller(asked).account) });
      if (route === "PATCH me") return this.#update(asked);
      if (route === "DELETE sessions") return this.#endOthers(asked);
      throw new Refusal(404, "common/not-found");
    }
    if (area === "health") return this.#json(200, { status: "ok" });
    if (area === "notes" || area === "tasks") return this.#records(area, asked, first);
    throw new Refusal(404, "common/not-found");
  }

  #json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
    return {
      status,
      headers: { "content-type": "application/json", "x-request-id": this.#id(), ...headers },
      body: JSON.stringify(body),
    };
  }

  #wire(account: Account): Record<string, unknown> {
    const { id, email, role, name, factor } = account;
    const more = name === null ? {} : { name };
    return { id, email, role, createdAt: "2026-01-01T00:00:00.000Z", emailVerifiedAt: null, mfa: factor !== null, ...more };
  }

  #register(asked: Asked): Answer {
    const { email, password, name } = asked.body ?? {};
    if ([...this.accounts.values()].some((account) => account.email === email)) {
      throw new Refusal(409, "auth/email-already-exists");
    }
    const account = this.add(String(email), String(password), { name: (name as string | undefined) ?? null });
    return this.#begin(account, asked, 201);
  }

  #login(asked: Asked): Answer {
    const { email, password, mfaCode } = asked.body ?? {};
    const account = [...this.accounts.values()].find((one) => one.email === email && one.password === password);
    if (!account) throw new Refusal(401, "auth/invalid-credentials");
    if (account.disabled) throw new Refusal(403, "auth/account-disabled");
    if (account.factor !== null && mfaCode !== account.factor) {
      const mfa = { token: `mfa.${account.id}`, methods: ["totp"], expiresIn: 300 };
      throw new Refusal(403, "auth/mfa-required", { mfa });
    }
    return this.#begin(account, asked, 200);
  }

  #verify(asked: Asked): Answer {
    const { mfaToken, code } = asked.body ?? {};
    const account = this.accounts.get(String(mfaToken).slice(4));
    if (!account || account.factor !== code) throw new Refusal(401, "auth/invalid-mfa-code");
    return this.#begin(account, asked, 200);
  }

  #begin(account: Account, asked: Asked, status: number): Answer {
    const now = this.now();
    const session: Kept = {
      id: this.#id(), user: account.id, generation: 0, hash: "", createdAt: now, lastUsedAt: now,
      expiresAt: now + this.settings.refreshTokenTtl, since: 0, count: 0, ended: null,
    };
    const token = this.#token(session, sha(`first:${session.id}`));
    session.hash = sha(token);
    this.sessions.set(session.id, session);
    const byCookie = asked.headers.get("x-refresh-token-mode") === "cookie";
    return this.#pair(session, token, byCookie, status, { user: this.#wire(account) });
  }

  #token(session: Kept, secret: string, generation = session.generation): string {
    return ["r", session.user, session.id, generation, secret].join(".");
  }

  #pair(session: Kept, token: string, byCookie: boolean, status: number, more: object = {}): Answer {
    const [iat, exp] = [this.now(), this.now() + this.settings.accessTokenTtl].map((at) => at / 1000);
    const claims = { sub: session.user, sid: session.id, role: this.accounts.get(session.user)?.role, iat, exp };
    const accessToken = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${this.#id()}`;
    const pair = { ...more, accessToken, tokenType: "Bearer", expiresIn: this.settings.accessTokenTtl / 1000 };
    const answer = this.#json(status, byCookie ? pair : { ...pair, refreshToken: token });
    return byCookie ? { ...answer, cookie: token } : answer;
  }

  #alive(session: Kept | undefined): session is Kept {
    const account = session && this.accounts.get(session.user);
    return !!session && session.ended === null && session.expiresAt > this.now() && !!account && !account.disabled;
  }

  #verdict(name: string): void {
    this.verdicts[name] = (this.verdicts[name] ?? 0) + 1;
  }

  #refresh(asked: Asked): Answer {
    const key = asked.headers.get("idempotency-key");
    if (key !== null && !/^[!-~]{16,128}$/.test(key)) throw new Refusal(400, "common/validation-failed");
    const shown = asked.body?.["refreshToken"] ?? asked.headers.get("x-refresh-token");
    const presented = (shown as string | null | undefined) ?? asked.cookie;
    if (presented === null) throw new Refusal(400, "common/validation-failed");
    const [, , id = "", generation = "", secret = ""] = presented.split(".");
    const session = this.sessions.get(id);
    const over = (verdict: string, forgets = true): Refusal => {
      this.#verdict(verdict);
      return new Refusal(401, "auth/invalid-refresh-token", { forgets });
    };
    if (!this.#alive(session)) throw over("refused");
    const now = this.now();
    const next = sha(`${secret}:${key === null ? `fresh:${this.#id()}` : `key:${key}`}`);
    const successor = this.#token(session, next, Number(generation) + 1);
    const byCookie = shown === undefined || shown === null;
    const window = key === null ? 0 : this.settings.refreshRetry;
    const behind = session.generation - Number(generation);
    if (behind === 0 && session.hash === sha(presented)) {
      this.#count(session, now);
      session.generation += 1;
      session.hash = sha(successor);
      session.lastUsedAt = now;
      session.expiresAt = Math.min(now + this.settings.refreshTokenTtl, session.createdAt + this.settings.sessionMaxAge);
      this.#verdict("rotated");
    } else if (behind <= 0) {
      throw over("refused");
    } else if (behind === 1 && session.hash === sha(successor) && now <= session.lastUsedAt + window) {
      if (session.lastUsedAt !== now) this.#count(session, now);
      this.#verdict("again");
    } else if (behind === 1 && now <= session.lastUsedAt + this.settings.refreshGrace) {
      throw over("forgiven", false);
    } else {
      this.end(session.id, "refresh-token-reuse");
      throw over("revoked");
    }
    return this.#pair(session, successor, byCookie, 200);
  }

  #count(session: Kept, now: number): void {
    const { refreshes, refreshWindow } = this.settings;
    if (session.since + refreshWindow <= now) {
      session.since = now;
      session.count = 0;
    }
    if (session.count >= refreshes) {
      this.#verdict("throttled");
      const retryAfter = Math.ceil((session.since + refreshWindow - now) / 1000);
      throw new Refusal(429, "auth/too-many-requests", { retryAfter });
    }
    session.count += 1;
  }

  #logout(asked: Asked): Answer {
    const shown = (asked.body?.["refreshToken"] as string | undefined) ?? asked.cookie;
    const bearer = asked.headers.get("authorization")?.slice(7);
    if (!shown && !bearer) throw new Refusal(400, "common/validation-failed");
    this.end(shown ? (shown.split(".")[2] ?? "") : this.#claims(bearer!).sid, "logout");
    return { status: 204, headers: {}, ...(asked.cookie === null ? {} : { cookie: null }) };
  }

  #claims(token: string): { sid: string; exp: number } {
    try {
      return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid: string; exp: number };
    } catch {
      throw new Refusal(401, "auth/invalid-token");
    }
  }

  #caller(asked: Asked): { account: Account; session: Kept } {
    const bearer = asked.headers.get("authorization");
    if (bearer === null) throw new Refusal(401, "auth/authentication-required");
    const claims = this.#claims(bearer.replace(/^Bearer /, ""));
    if (claims.exp * 1000 <= this.now()) throw new Refusal(401, "auth/token-expired");
    const session = this.sessions.get(claims.sid);
    if (!this.#alive(session)) throw new Refusal(401, "auth/session-revoked");
    return { session, account: this.accounts.get(session.user)! };
  }

  #update(asked: Asked): Answer {
    const { account } = this.#caller(asked);
    if (typeof asked.body?.["name"] === "string") account.name = asked.body["name"];
    return this.#json(200, this.#wire(account));
  }

  #endOthers(asked: Asked): Answer {
    const { account, session } = this.#caller(asked);
    for (const other of this.sessions.values()) {
      if (other.user === account.id && other !== session) this.end(other.id, "ended");
    }
    return { status: 204, headers: {} };
  }

  #records(collection: string, asked: Asked, id: string | undefined): Answer {
    const { account } = this.#caller(asked);
    const show = (row: Row, status: number): Answer =>
      this.#json(status, { ...row.record, id: row.id, createdBy: row.owner }, { etag: `"${row.revision}"` });
    if (asked.method === "POST") {
      const key = asked.headers.get("idempotency-key");
      const known = key === null ? undefined : this.rows.get(this.created.get(`${account.id} ${key}`) ?? "");
      if (known) return show(known, 201);
      const row: Row = { id: this.#id(), owner: account.id, collection, revision: 1, record: { ...asked.body } };
      this.rows.set(row.id, row);
      if (key !== null) this.created.set(`${account.id} ${key}`, row.id);
      return show(row, 201);
    }
    if (id === undefined) {
      const items = [...this.rows.values()].filter((row) => row.owner === account.id && row.collection === collection);
      return this.#json(200, { items: items.map((row) => ({ ...row.record, id: row.id })), nextCursor: null });
    }
    const row = this.rows.get(id);
    if (row?.owner !== account.id || row.collection !== collection) throw new Refusal(404, "data/record-not-found");
    if (asked.method === "GET") return show(row, 200);
    const match = asked.headers.get("if-match");
    if (match !== null && match !== `"${row.revision}"`) throw new Refusal(412, "data/precondition-failed");
    if (asked.method === "DELETE") {
      this.rows.delete(id);
      return { status: 204, headers: {} };
    }
    row.record = asked.method === "PUT" ? { ...asked.body } : { ...row.record, ...asked.body };
    row.revision += 1;
    return show(row, 200);
  }
}
