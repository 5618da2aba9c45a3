/** Everything around a sign-in beside the password: mails, second factors, passkeys, providers and invitations. */

import { encode } from "./base64url.ts";
import type { Factors } from "./factors.ts";
import type { Account, FlowOpened, PasskeyCeremony, SignedInByProvider } from "./generated.ts";
import { BakendError } from "./index.ts";
import { encoded } from "./request.ts";
import { web } from "./storage.ts";
import type { Auth, AuthClient, UserOf } from "./index.ts";
import type { Accepted, Invitations } from "./invitations.ts";
import type { Entered, Mails } from "./mails.ts";
import type { Ceremony, Passkeys, Reauthenticate } from "./passkeys.ts";
import type { Finished, Providers, StartOptions } from "./providers.ts";
import { read, write } from "./webauthn.ts";

export type { FactorCode, Factors } from "./factors.ts";
export type { Accepted, InvitationQuery, Invitations, NewAccount } from "./invitations.ts";
export type { ChangeOptions, EmailProof, Entered, MailOptions, Mails, Proof } from "./mails.ts";
export type { Ceremony, Passkeys, Proven, Reauthenticate } from "./passkeys.ts";
export type { Accounts, Finished, OAuth, Providers, Restoring, StartOptions } from "./providers.ts";

/** The calls that `withIdentity` adds to `bk.auth`. */
export interface Identity<P = {}> extends Mails<P>, Providers<P>, Reauthenticate<P> {
  /** The second factor. */
  readonly mfa: Auth<P>["mfa"] & Factors;
  /** Passkeys. */
  readonly passkeys: Passkeys<P>;
  /** Invitations. */
  readonly invitations: Invitations<P>;
}

/** A sign-in that leaves the app and comes back with a code: what trades the code, and for what. */
interface Begun {
  /** The verifier of the code (RFC 7636). */
  verifier: string;
  /** The provider; absent for a sign-in by mail. */
  provider?: string;
  /** The id of the user whose account the provider is linked to; false for a sign-in. */
  link?: string | false;
}

/**
 * The answer in an address: its kind, its value, and the words of an error. No parser of addresses reads it, since
 * React Native's own does not know every scheme.
 */
const ANSWER = /[?&](code|error)=([^&#]+)(?:&error_\w+=([^&#]*))?/;

/** A new verifier: 43 characters out of 32 random bytes. */
const draw = (): string => encode(crypto.getRandomValues(new Uint8Array(32)));

/** The S256 challenge of a verifier. */
const challenge = async (verifier: string): Promise<string> =>
  encode(await crypto.subtle.digest("SHA-256", Uint8Array.from(verifier, (char) => char.charCodeAt(0))));

/**
 * Adds the calls of `Identity` to `bk.auth`, and gives the same client.
 *
 * Each call throws a `BakendError` for a refusal of the server and for a request that failed.
 */
export function withIdentity<P, B extends AuthClient<P>>(bk: B & AuthClient<P>): B & { readonly auth: Identity<P> } {
  const { auth } = bk;
  const trades: Record<string, Promise<Finished<P> | null>> = {};

  const call = <T>(method: string, path: string, body?: unknown, anonymous?: boolean, query?: {}): Promise<T> =>
    bk.request(method, "/api/auth/" + path, { body, anonymous, query });

  /** A request by which a session may begin, or the user may change. */
  const enter = <T extends object>(path: string, body?: unknown, anonymous?: boolean, headers?: {}): Promise<T> =>
    auth.enter("/api/auth/" + path, body, { anonymous, headers });

  const items = async <T>(path: string, anonymous?: boolean): Promise<T[]> =>
    (await call<{ items: T[] }>("GET", path, undefined, anonymous)).items;

  const of = (path: string, id: string): string => `${path}/${encodeURIComponent(id)}`;

  const prove = async (path: string, proof: object, anonymous?: boolean): Promise<UserOf<P>> => {
    const { user } = await enter<{ user: UserOf<P> }>(path, proof, anonymous);
    await auth.changed(user);
    return user;
  };

  const ask = async (kind: string, path: string, body: object, again?: boolean): Promise<FlowOpened> => {
    const kept = auth.flow(kind);
    const flow = again ? await kept.get() : undefined;
    const opened = await enter<FlowOpened>(path, { ...body, flow });
    await kept.set(opened.flow);
    return opened;
  };

  /** The result of a proof, after what is to be done when the proof is used up; that is told whether it was refused. */
  const after = <T>(result: Promise<T>, then: (isRefused?: boolean) => Promise<void>): Promise<T> =>
    result
      .then(
        () => then(),
        // Where a second step follows, the first one has used it up. After any other error it may still be good.
        (error) => (error.mfa || error.code === "auth/invalid-oauth-code") && then(!error.mfa),
      )
      .then(() => result);

  /** Sends a proof with the flow that belongs to its code. */
  const use = async <T>(kind: string, proof: object, send: (body: object) => Promise<T>): Promise<T> => {
    const kept = auth.flow(kind);
    return after(send("code" in proof ? { flow: await kept.get(), ...proof } : proof), () => kept.set(null));
  };

  const changed = (user: UserOf<P> | null, mfa: boolean) => user && auth.changed({ ...user, mfa });

  /** A request about the factor by the token of a sign-in that waits for it, else by the session. */
  const enrol = async <T extends object>(path: string, body?: object, token?: string): Promise<T> => {
    await auth.ready;
    const waiting = token ?? (auth.user ? "" : auth.mfa.open?.token);
    return enter(path, body, !!waiting, (waiting && { authorization: "Bearer " + waiting }) as {});
  };

  /** The proof of a passkey, new or used. */
  const perform = async ({ mediation, signal }: Ceremony, isNew?: boolean): Promise<object> => {
    const { challengeToken, options } = await enter<PasskeyCeremony>(
      isNew ? "passkeys/options" : "passkeys/login/options",
      undefined,
      !isNew,
    );
    const request: CredentialRequestOptions & CredentialCreationOptions = {
      publicKey: (PublicKeyCredential as any)[`parse${isNew ? "Creation" : "Request"}OptionsFromJSON`]?.(options) ?? read(options),
      mediation,
      signal,
    };
    const credential: any = await navigator.credentials[isNew ? "create" : "get"](request).catch((error) => {
      signal?.throwIfAborted();
      throw error;
    });
    return { challengeToken, credential: credential.toJSON?.() ?? write(credential) };
  };

  const place = `bakend:${bk.url}:mail`;
  /** The storage of all tabs. A server has no document, and its storage would be that of all visitors. */
  const shared = () => globalThis.document && web("localStorage");

  /** Keeps a sign-in for this tab. One by mail is kept for all, since a link of a mail opens in a tab of its own. */
  const keep = async (begun: Begun | null): Promise<void> => {
    const text = begun && JSON.stringify(begun);
    await auth.flow("oauth").set(text);
    try {
      if (!begun?.provider) shared()?.set(place, text);
    } catch {
      // Where it is full, the tab that asked for the mail has it nevertheless.
    }
  };

  const kept = async (): Promise<Begun | null> =>
    JSON.parse((await auth.flow("oauth").get()) ?? (shared()?.get(place) as string) ?? null);

  /** Forgets a sign-in, and takes its answer out of the address bar, unless another page is there by now. */
  const over = async (answer?: string, isKept?: boolean): Promise<void> => {
    if (!isKept) await keep(null);
    let at = globalThis.location?.href;
    if (ANSWER.exec(at)?.[2] === answer) {
      at = at.replace(/([?&])((code|state|error\w*)=[^&#]*&?)+/g, "$1").replace(/[?&](?=#|$)/, "");
      history.replaceState(history.state, "", at);
    }
  };

  const start =
    (isLink?: boolean) =>
    async (provider: string, redirectTo: string, { navigate = true, ...more }: StartOptions = {}): Promise<string> => {
      await auth.ready;
      const verifier = draw();
      const query = encoded({ redirectTo, codeChallenge: await challenge(verifier), ...more });
      await keep({ verifier, provider, link: isLink && (auth.user?.id ?? "?") });
      const address = `${bk.url}/api/auth/${of("oauth", provider)}/start?${query}`;
      if (navigate) globalThis.location?.assign(address);
      return address;
    };

  /** The reply of a sign-in without its tokens. */
  const signedIn = async (path: string, proof: object): Promise<Entered<P>> => {
    const { user, isNewUser, linkedByEmail, termsRequired } = await enter<SignedInByProvider>(path, proof);
    return { user, isNewUser, linkedByEmail, termsRequired } as Entered<P>;
  };

  const link = async (proof: object): Promise<Finished<P>> => {
    const linked = await call<Account>("POST", "accounts", proof);
    // The role of an anonymous account becomes that of an ordinary one.
    return { linked, user: await auth.me().catch(() => auth.user!) };
  };

  /** A code with its verifier. The server refuses a code that was asked for elsewhere, or to link the account of another. */
  const proofOf = (code: string | undefined, begun: Begun | null) => ({
    code,
    codeVerifier: begun && (begun.link || auth.user?.id) === auth.user?.id ? begun.verifier : draw(),
  });

  const trade = async ([, kind, answer, words = answer!]: string[], more?: object): Promise<Finished<P> | null> => {
    await auth.ready;
    const begun = await kept();
    // Anybody can make an address with an answer, so one that nobody waits for is none of ours.
    if (!begun) return null;
    if (kind === "error") {
      if (!begun.provider) return null;
      await over(answer);
      try {
        words = decodeURIComponent(words);
      } catch {
        // Somebody has cut it.
      }
      throw new BakendError(answer === "access_denied" ? "auth/forbidden" : "auth/provider-unavailable", words);
    }
    const proof = proofOf(answer, begun);
    return after<Finished<P>>(
      begun.link ? link(proof) : signedIn("oauth/exchange", { ...proof, ...more }),
      // The mails under way have the same verifier, and a code that somebody made up must not cost it.
      (isRefused) => over(answer, isRefused && !begun.provider),
    );
  };

  Object.assign(auth.mfa, {
    status: () => call("GET", "mfa"),
    enable: (token) => enrol("mfa/enable", undefined, token),
    async confirm(code, token) {
      const { user } = auth;
      const { recoveryCodes } = await enrol<{ recoveryCodes: string[] }>("mfa/confirm", { code }, token);
      await changed(user, true);
      return recoveryCodes;
    },
    async disable(proof) {
      const { user } = auth;
      await call("POST", "mfa/disable", proof);
      await changed(user, false);
    },
    renewCodes: async (code) =>
      (await call<{ recoveryCodes: string[] }>("POST", "mfa/recovery-codes", { code })).recoveryCodes,
  } satisfies Factors);

  Object.assign(auth, {
    forgot: (email, { again, ...more } = {}) => ask("reset", "password/forgot", { email, ...more }, again),
    reset: (proof, newPassword) =>
      use("reset", { ...proof, newPassword }, (body) => enter<any>("password/reset", body)),
    verifyEmail: (proof) => prove("verify-email", proof, "password" in proof),
    resend: async () =>
      (await auth.flow("register").get())
        ? ask("register", "register/resend", {}, true)
        : call("POST", "verify-email/resend"),
    confirmRegistration: (proof) => use("register", proof, (body) => prove("register/confirm", body)),
    changeEmail: (newEmail, options) => call("POST", "email/change", { newEmail, ...options }),
    confirmEmail: (proof) => prove("email/change/confirm", proof, false),
    cancelEmailChange: () => call("DELETE", "email/change"),
    async magicLink(email, { again, ...more } = {}) {
      let codeChallenge;
      if (more.redirectTo) {
        const begun = await kept();
        // The links of all mails that were asked for stay good, as long as none was used.
        const verifier = begun && !begun.provider ? begun.verifier : draw();
        codeChallenge = await challenge(verifier);
        await keep({ verifier });
      }
      return ask("magic-link", "magic-link", { email, codeChallenge, ...more }, again);
    },
    verifyMagicLink: (proof, more) =>
      use("magic-link", { ...proof, ...more }, (body) => signedIn("magic-link/verify", body)),

    passkeys: {
      add: async (name, ceremony = {}) => call("POST", "passkeys", { name, ...(await perform(ceremony, true)) }),
      signIn: async ({ restore, ...ceremony } = {}) =>
        prove("passkeys/login", { restore, ...(await perform(ceremony)) }),
      list: () => items("passkeys"),
      rename: (id, name) => call("PATCH", of("passkeys", id), { name }),
      remove: (id) => call("DELETE", of("passkeys", id)),
      isSupported: () => !!globalThis.PublicKeyCredential,
    },
    async reauthenticate(proof) {
      await enter("reauthenticate", "passkey" in proof ? await perform(proof) : proof, false);
    },

    providers: () => items("providers", true),
    oauth: {
      start: start(),
      async finish(url, more) {
        const found = ANSWER.exec(url);
        return (
          found &&
          (trades[found[0]] ??= trade(found, more).catch((error) => {
            delete trades[found[0]];
            throw error;
          }))
        );
      },
      native: (provider, proof) => signedIn(of("oauth", provider) + "/token", proof),
    },
    accounts: {
      list: () => items("accounts"),
      link: start(true),
      unlink: (id) => call("DELETE", of("accounts", id)),
      check: async (of) =>
        call("POST", "accounts/check", typeof of === "string" ? proofOf(ANSWER.exec(of)?.[2], await kept()) : of),
    },

    invitations: {
      create: (invitation) => call("POST", "invitations", invitation),
      list: (query) => call("GET", "invitations", undefined, false, query),
      get: (id) => call("GET", of("invitations", id)),
      resend: (id) => call("POST", of("invitations", id) + "/resend"),
      revoke: (id) => call("DELETE", of("invitations", id)),
      async accept(token, account) {
        await auth.ready;
        const isNew = !(auth.user && !account);
        const { user, invitation } = await enter<Accepted<P>>("invitations/accept", { token, ...account }, isNew);
        await auth.changed(user);
        return { user, invitation };
      },
      reject: (token) => enter("invitations/reject", { token }),
    },
  } satisfies Omit<Identity<P>, "mfa">);

  return bk as never;
}
