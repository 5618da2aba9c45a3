import { BakendError } from "./errors.ts";
import type { MfaStep } from "./errors.ts";
import type { Confirmation, SessionPage, SignedIn, User } from "./generated.ts";
import { sender } from "./request.ts";
import type { By, Options, Reply, RequestOptions, Sent } from "./request.ts";
import { open } from "./session.ts";
import { web } from "./storage.ts";

/** The declared profile fields; a profile without fields has none. */
type Declared<P> = [P[keyof P]] extends [never] ? {} : P;

/** A user with the declared profile fields. */
export type UserOf<P> = User & Declared<P>;

/** The profile fields of a registration or a change; null removes. Without declared types any field may be sent. */
export type ProfileOf<P> = [keyof P] extends [never]
  ? Record<string, unknown>
  : { [K in keyof Declared<P>]?: Declared<P>[K] | null };

/** The parts that a registration may have beside address and password. */
export type Registration<P> = ProfileOf<P> & {
  /** The language of the user's mails, such as `de` or `de-CH`. */
  locale?: string | null;
  /** The address of the app that the page of the mail leads to afterwards. */
  redirectTo?: string | null;
  /** The version of the terms that the user accepts. */
  termsVersion?: string | null;
};

/** The session of a client, and its user. Every call that asks the server throws a `BakendError` where it fails. */
export interface Auth<P = {}> {
  /** The user as stored; null without a session, and before `ready` with an asynchronous storage. */
  readonly user: UserOf<P> | null;
  /** Done when the storage has been read once. It never fails. */
  readonly ready: Promise<void>;
  /**
   * Tells of each change of the user, after it is stored: another user or none, or another role or profile. A refresh
   * is no change. Gives the function that ends it.
   */
  onChange(listener: (user: UserOf<P> | null) => unknown): () => void;
  /**
   * An access token that is good for some seconds at least, refreshed if need be; null without a session. It throws the
   * storage's own failure as long as that could never be read.
   */
  token(signal?: AbortSignal): Promise<string | null>;
  /** Makes an account and signs in. Null: the address is proven first, and `flow("register")` has the handle. */
  register(email: string, password: string, more?: Registration<P>): Promise<UserOf<P> | null>;
  /** Signs in. `auth/mfa-required` leaves the step in `mfa.open`, for `mfa.verify`. */
  login(email: string, password: string, more?: { mfaCode?: string; recoveryCode?: string }): Promise<UserOf<P>>;
  /** Makes an account without an address, and signs in. */
  anonymous(profile?: ProfileOf<P>): Promise<UserOf<P>>;
  /**
   * Ends this session. It is over here at once, and without a connection too: only the server's refusal is thrown. The server
   * is told after a refresh that runs, for which it waits 3 seconds at most, or 15 by cookie.
   */
  logout(): Promise<void>;
  /** Reads the user anew. */
  me(): Promise<UserOf<P>>;
  /** Changes profile fields; null removes one. */
  update(changes: ProfileOf<P>): Promise<UserOf<P>>;
  /** Accepts this version of the terms. */
  acceptTerms(version: string): Promise<UserOf<P>>;
  /** Brings a deleted account back, and signs in. */
  restoreAccount(email: string, password: string): Promise<UserOf<P>>;
  /** A page of the user's sessions, newest first. */
  sessions(options?: { limit?: number; cursor?: string | null }): Promise<SessionPage>;
  /** Ends a session of the user. */
  endSession(id: string): Promise<void>;
  /** Ends all sessions of the user but this one. */
  endOtherSessions(): Promise<void>;
  /** Sets another password. This session stays, and all others end. */
  changePassword(password: string, newPassword: string): Promise<void>;
  /** Deletes the account, by its password or an empty confirmation for an account without one. The session is over. */
  deleteAccount(proof: string | Confirmation): Promise<void>;
  /** The second factor of a sign-in. */
  readonly mfa: {
    /** The step of the last sign-in that asked for a second factor; null without one. */
    readonly open: MfaStep | null;
    /** Finishes that sign-in, by a code of the app or a recovery code. */
    verify(proof: string | { recoveryCode: string } | { code: string }): Promise<UserOf<P>>;
  };
  /**
   * A POST by which a session may begin; without an access token, unless `anonymous` is false. Stores the tokens of the
   * reply, if there are some, and tells the listeners. Keeps the step of a 403 that asks for a second factor.
   */
  enter<T extends object>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  /** The handle of a flow of this kind, such as `register`: kept in `sessionStorage`, else in the client's storage. */
  flow(kind: string): { get(): Promise<string | null>; set(handle: string | null): Promise<void> };
  /** Takes a reply that has the present user: it is stored if the same user is signed in, and told if it differs. */
  changed(user: UserOf<P>): Promise<void>;
}

/** A client without records. */
export interface AuthClient<P = {}> {
  /** The address of the API, without a slash at its end. */
  readonly url: string;
  readonly auth: Auth<P>;
  /** Sends a request with the session's token, such as `request("GET", "/api/health")`, and gives the reply's body. */
  request<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** The same with the reply's status and headers. */
  reply<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<Reply<T>>;
}

/** A client of the API at this address without records. */
export const createAuth = <P = {}>(url: string, options: Options = {}): AuthClient<P> => {
  type Own = UserOf<P>;
  url = url.replace(/\/+$/, "");
  const session = open(url, options, sender(url, options));
  const { reply, storage, key } = session;
  const request = async <T>(method: string, path: string, options?: Sent): Promise<T> =>
    (await reply<T>(method, path, options)).body;
  const at = "/api/auth/";
  let step: MfaStep | null = null;

  const me = async (method: string, path: string, body?: unknown): Promise<Own> => {
    const user = await request<Own>(method, at + path, { body });
    await session.changed(user);
    return user;
  };

  const enter = async <T extends object>(path: string, body: unknown, more: RequestOptions = {}): Promise<T> => {
    const { anonymous = true } = more;
    const by: By = [];
    try {
      const { body: got } = await reply<T & Partial<SignedIn>>("POST", path, { ...more, anonymous, body, by, turn: true });
      const { accessToken, user } = got ?? {};
      if (accessToken) {
        step = null;
        await session.begin(got as SignedIn, by);
        // The session has begun already, and the reply may have what is shown only once.
        if (!user && !by[0]) await me("GET", "me").catch(() => {});
      }
      return got;
    } catch (error) {
      step = (error as BakendError)?.mfa ?? step;
      throw error;
    }
  };
  const signIn = async (path: string, body: object): Promise<Own> => {
    const { user } = (await enter<SignedIn>(at + path, body)) ?? {};
    if (!user) throw new BakendError("client/bad-reply", "Unreadable reply");
    return user as Own;
  };

  const auth: Auth<P> = {
    get user() {
      return session.user() as Own | null;
    },
    ready: session.ready,
    onChange: session.onChange as Auth<P>["onChange"],
    token: async (signal) => (await session.good(signal))?.accessToken ?? null,
    async register(email, password, more) {
      const { user, flow } = await enter<{ user?: Own; flow?: string }>(`${at}register`, { ...more, email, password });
      if (flow) await auth.flow("register").set(flow);
      return user ?? null;
    },
    login: (email, password, more) => signIn("login", { ...more, email, password }),
    anonymous: (profile = {} as ProfileOf<P>) => signIn("anonymous", profile),
    logout: () => session.logout(),
    me: () => me("GET", "me"),
    update: (changes) => me("PATCH", "me", changes),
    acceptTerms: (version) => me("POST", "me/terms", { version }),
    restoreAccount: (email, password) => signIn("me/restore", { email, password }),
    sessions: (query) => request("GET", `${at}sessions`, { query }),
    endSession: (id) => request("DELETE", `${at}sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => request("DELETE", `${at}sessions`),
    changePassword: (currentPassword, newPassword) =>
      request("POST", `${at}password/change`, { body: { currentPassword, newPassword } }),
    async deleteAccount(proof) {
      const by: By = [];
      await request("DELETE", `${at}me`, { body: typeof proof === "string" ? { password: proof } : proof, by });
      await session.logout(by);
    },
    mfa: {
      get open() {
        return step;
      },
      verify: (proof) =>
        signIn("mfa/verify", { mfaToken: step?.token, ...(typeof proof === "string" ? { code: proof } : proof) }),
    },
    enter,
    flow: (kind) => {
      const place = web("sessionStorage") ?? storage;
      const name = `${key}:${kind}`;
      return { get: async () => place.get(name), set: async (handle) => place.set(name, handle) };
    },
    changed: session.changed,
  };
  return { url, auth, request, reply };
};
