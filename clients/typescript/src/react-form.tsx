'use client';
import { useId, useState } from "react";
import type { FormEvent, InputHTMLAttributes, ReactNode } from "react";
import { useAuth } from "./react-auth.tsx";
import type { Failure } from "./react-auth.tsx";
import type { AppUser } from "./react.tsx";

const ENGLISH = {
  email: "Email",
  password: "Password",
  signIn: "Sign in",
  code: "Authenticator code",
  recoveryCode: "Recovery code",
  verify: "Verify",
  useRecoveryCode: "Use a recovery code",
  useCode: "Use an authenticator code",
  startOver: "Start over",
};

/** The properties of `LoginForm`. */
export interface LoginFormProps {
  /** Is called with the user who has signed in, after the second factor where there is one. */
  onDone?: (user: AppUser) => void;
  /** The class of the form. */
  className?: string;
  /** The classes of the parts: of each pair of label and input, of both, of the error, and of both kinds of buttons. */
  classNames?: { [part in "field" | "label" | "input" | "error" | "button" | "link"]?: string };
  /** Texts in place of the English ones. */
  labels?: Partial<typeof ENGLISH>;
  /** The text of a failure; its message without it. */
  describe?: (error: Failure) => ReactNode;
}

/**
 * A form to sign in, without any style. An account with a second factor is asked for the code in the same place, and may
 * take a recovery code.
 */
export function LoginForm({ onDone, className, classNames: css = {}, labels, describe }: LoginFormProps): ReactNode {
  const { login, mfa, error, isLoading } = useAuth();
  const id = useId();
  const [left, leave] = useState<{ token?: string; error?: Failure | null }>({});
  const [spare, setSpare] = useState(false);
  const text = { ...ENGLISH, ...labels };
  // Without a token no code helps, such as where a passkey is the one factor. The failure says so.
  const open = mfa?.token ? mfa : null;
  const step = open?.token !== left.token ? open : null;
  const codes = step?.methods.includes("totp");
  const both = codes && step?.methods.includes("recovery");
  const recovery = spare ? both : !codes;
  const failure = isLoading || error === left.error || (open && error?.code === "auth/mfa-required") ? null : error;

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const of = (name: string): string => String(data.get(name));
    let user;
    try {
      user = await (step
        ? step.verify({ [recovery ? "recoveryCode" : "code"]: of("code").trim() } as { code: string })
        : login(of("email"), of("password")));
    } catch {
      return; // `error` has it.
    }
    onDone?.(user);
  };

  const field = (name: string, label: string, more: InputHTMLAttributes<HTMLInputElement>): ReactNode => (
    <div key={label} className={css.field}>
      <label htmlFor={id + name} className={css.label}>
        {label}
      </label>
      <input id={id + name} name={name} required className={css.input} aria-describedby={failure ? id : undefined} {...more} />
    </div>
  );
  const link = (label: string, onClick: () => void): ReactNode => (
    <button type="button" className={css.link} onClick={onClick}>
      {label}
    </button>
  );

  // A form that is sent before the script runs must not put the password into the address: hence `method`.
  return (
    <form method="post" className={className} onSubmit={submit} aria-busy={isLoading}>
      {!step ? (
        <>
          {field("email", text.email, { type: "email", autoComplete: "username", autoFocus: !!left.token })}
          {field("password", text.password, { type: "password", autoComplete: "current-password" })}
        </>
      ) : recovery ? (
        field("code", text.recoveryCode, { autoComplete: "off", spellCheck: false, autoFocus: true })
      ) : (
        field("code", text.code, { autoComplete: "one-time-code", inputMode: "numeric", autoFocus: true })
      )}
      {failure && (
        <p role="alert" id={id} className={css.error}>
          {describe ? describe(failure) : failure.message}
        </p>
      )}
      <button type="submit" disabled={isLoading} className={css.button}>
        {step ? text.verify : text.signIn}
      </button>
      {both && link(recovery ? text.useCode : text.useRecoveryCode, () => setSpare(!spare))}
      {step && link(text.startOver, () => leave({ token: step.token as string, error }))}
    </form>
  );
}
