/** The functions of bkend's skill under their own names, so that its apps change their imports alone. */

import { BakendError } from "./index.ts";
import type { AuthClient, SignedIn, Tokens, UserOf } from "./index.ts";

/** A user with tokens. The client keeps the session by itself, so an app need not store them. */
export interface Signed<P = {}> {
  user: UserOf<P>;
  access_token: string;
  /** The refresh token; null where it goes by cookie. */
  refresh_token: string | null;
}

/** The five functions. They throw a `BakendError`. */
export interface Bkend<P = {}> {
  readonly auth: {
    /** Makes an account. Members beside `email` and `password` are profile fields: declare `name`, else it is refused. */
    signup(account: { email: string; password: string; [field: string]: unknown }): Promise<Signed<P>>;
    /** Signs in. */
    signin(credentials: { email: string; password: string; mfaCode?: string }): Promise<Signed<P>>;
    /** The user, read anew. */
    me(): Promise<UserOf<P>>;
    /** Signs out. */
    signout(): Promise<void>;
    /** An access token that is good. The argument counts only where the client has no session. */
    refresh(refreshToken?: string | null): Promise<{ access_token: string; refresh_token: string | null }>;
  };
}

const tokens = (reply: Tokens): { access_token: string; refresh_token: string | null } => ({
  access_token: reply.accessToken,
  refresh_token: reply.refreshToken ?? null,
});

/** The functions of the skill on a client: `export const bkend = withBkend(createClient(url))`. */
export function withBkend<P = {}>({ auth }: Pick<AuthClient<P>, "auth">): Bkend<P> {
  const enter = async (path: string, body: object): Promise<Signed<P>> => {
    const reply = await auth.enter<SignedIn & { flow?: string }>(path, body);
    if (reply.accessToken) return { user: reply.user as UserOf<P>, ...tokens(reply) };
    await auth.flow("register").set(reply.flow ?? null);
    throw new BakendError("auth/email-not-verified", "The address has to be proven first.", 202);
  };
  return {
    auth: {
      signup: (account) => enter("/api/auth/register", account),
      signin: (credentials) => enter("/api/auth/login", credentials),
      me: () => auth.me(),
      signout: () => auth.logout(),
      async refresh(refreshToken = null) {
        const token = await auth.token();
        if (token) return { access_token: token, refresh_token: refreshToken };
        if (!refreshToken) {
          throw new BakendError("auth/authentication-required", "Nobody is signed in.", 401);
        }
        return tokens(await auth.enter<Tokens>("/api/auth/refresh", { refreshToken }, { once: true }));
      },
    },
  };
}
