'use client';
import { createContext, useContext, useMemo, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import type { BakendError, Client, MfaStep } from "./index.ts";
import type { AppClient, AppUser, ProvidedClient } from "./react.tsx";

/** A client of any collections. */
export type Loose = Client<any, any>;

/** A failure as the hooks show it: `code`, `status` and `details` are there where it is a `BakendError`. */
export type Failure = Error & Partial<BakendError>;

/** The session as every component sees it. */
interface Session {
  user: AppUser | null;
  open: MfaStep | null;
  isLoading: boolean;
}

interface SessionStore {
  get(): Session;
  subscribe(listener: () => void): () => void;
  /** The token of a step that no code finishes, since the account has no factor yet. */
  enrolment?: string | null | undefined;
  /** Lets every component read the client once more. */
  tell(): void;
}

const FIRST: Session = { user: null, open: null, isLoading: true };
const first = (): Session => FIRST;
const stores = new WeakMap<Loose, SessionStore>();

function storeOf(client: Loose): SessionStore {
  let store = stores.get(client);
  if (!store) stores.set(client, (store = makeStore(client)));
  return store;
}

function makeStore({ auth }: Loose): SessionStore {
  const listeners = new Set<() => void>();
  let state = FIRST;
  // Until the storage was read once, nobody knows whether a user is signed in.
  let ready = false;
  return {
    get() {
      const next: Session = { user: auth.user as AppUser | null, open: auth.mfa.open, isLoading: false };
      // A client may make a new object at each reading. React asks for the same one until something differs.
      if (ready && JSON.stringify(next) !== JSON.stringify(state)) state = next;
      return state;
    },
    subscribe(listener) {
      const off = auth.onChange(listener);
      listeners.add(listener);
      void auth.ready.finally(() => {
        ready = true;
        listener();
      });
      return () => {
        off();
        listeners.delete(listener);
      };
    },
    tell() {
      for (const listener of listeners) listener();
    },
  };
}

const Context = createContext<Loose | null>(null);

/** Gives the client to the hooks below it. Make the client once, outside of any component. */
export function BakendProvider({ client, children }: { client: ProvidedClient; children?: ReactNode }): ReactNode {
  return <Context.Provider value={client}>{children}</Context.Provider>;
}

/**
 * The client of the nearest provider.
 * @throws Error There is no provider above.
 */
export function useClient(): AppClient {
  const client = useContext(Context);
  if (!client) throw new Error("BakendProvider is missing");
  return client as AppClient;
}

/** The session, without the state of anybody's own calls. */
export function useSession(): Session {
  const store = storeOf(useClient());
  return useSyncExternalStore(store.subscribe, store.get, first);
}

type AuthOf<M extends "login" | "register"> = AppClient["auth"][M];

/** The step that a sign-in waits for: a code of the second factor. */
export interface OpenStep extends MfaStep {
  /**
   * Proves the factor by the six digits, or by a recovery code, and signs in.
   * @throws BakendError `auth/invalid-mfa-code`: the code is wrong or used, or the step is over.
   */
  verify(proof: string | { code: string } | { recoveryCode: string }): Promise<AppUser>;
}

/** The result of `useAuth`. */
export interface Authentication {
  /** The user who is signed in; null for nobody, and while nobody knows yet. */
  user: AppUser | null;
  /** True until the session was read, and while a call of this very hook is under way. Other components stay as they are. */
  isLoading: boolean;
  /** The failure of this hook's last call; null after one that succeeded. */
  error: Failure | null;
  /**
   * The open step of a sign-in with a second factor, in every component; null without one. It is null as well where the account
   * has to enrol a factor first: `error.code` is `auth/mfa-enrollment-required` then.
   */
  mfa: OpenStep | null;
  /** Signs in as `auth.login` of the client does. It throws, and sets `error`. */
  login: AuthOf<"login">;
  /** Makes an account as `auth.register` of the client does. It throws, and sets `error`. */
  register: AuthOf<"register">;
  /** Signs out. It never throws: the session of this device is over in any case, and `error` has the failure. */
  logout(): Promise<void>;
}

type Calls = Pick<Authentication, "login" | "register" | "logout"> & Pick<OpenStep, "verify">;

/**
 * The session and the calls that begin and end it. Other calls are on `useClient().auth`.
 * The functions stay the same as long as the client does.
 */
export function useAuth(): Authentication {
  const client: Loose = useClient();
  const { user, open, isLoading } = useSession();
  const store = storeOf(client);
  const [own, setOwn] = useState<{ calls: number; error: Failure | null }>({ calls: 0, error: null });
  const { verify, ...calls } = useMemo<Calls>(() => {
    const { auth } = client;
    const run =
      <A extends unknown[], T>(call: (...values: A) => Promise<T>) =>
      async (...values: A): Promise<T> => {
        const end = (error: Failure | null): void => {
          // The step of a second factor opens and closes without a change of the user.
          store.tell();
          setOwn((it) => ({ calls: it.calls - 1, error }));
        };
        setOwn((it) => ({ ...it, calls: it.calls + 1 }));
        try {
          const value = await call(...values);
          end(null);
          return value;
        } catch (error) {
          if ((error as Failure).code === "auth/mfa-enrollment-required") store.enrolment = auth.mfa.open?.token;
          end(error as Failure);
          throw error;
        }
      };
    const logout = run(() => auth.logout());
    return {
      login: run(auth.login.bind(auth)),
      register: run(auth.register.bind(auth)),
      verify: run((proof) => auth.mfa.verify(proof)),
      logout: () => logout().catch(() => {}),
    } as Calls;
  }, [client]);
  const mfa = open && open.token !== store.enrolment ? { ...open, verify } : null;
  return { user, isLoading: isLoading || own.calls > 0, error: own.error, mfa, ...calls };
}
