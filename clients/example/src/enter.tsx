// Sign-in and sign-up.

import { useState } from "react";
import { LoginForm } from "bakend/react";

import { bk } from "./client.ts";
import { Field, Form } from "./form.tsx";

/** The page of a visitor who is not signed in. */
export function Enter() {
  const [isNew, setNew] = useState(false);
  return (
    <main>
      <title>Sign in – Tasks</title>
      <h1>{isNew ? "Sign up" : "Sign in"}</h1>
      {/* The package's own form: it asks for the second factor where the account has one. */}
      {isNew ? <SignUp /> : <LoginForm classNames={{ field: "field", error: "failure", link: "link" }} />}
      <p>
        {isNew ? "There is an account already?" : "No account yet?"}{" "}
        <button type="button" className="link" onClick={() => setNew(!isNew)}>
          {isNew ? "Sign in instead" : "Sign up instead"}
        </button>
      </p>
    </main>
  );
}

function SignUp() {
  const [isMailed, setMailed] = useState(false);
  const register = async (field: (name: string) => string) => {
    const user = await bk.auth.register(field("email"), field("password"), { name: field("name") || null });
    // Null: `auth.emailVerification` is `required`, and the account begins with the link of the mail.
    setMailed(user === null);
  };
  if (isMailed) return <p role="status">Open the link of the mail that you have got.</p>;
  return (
    <Form label="Sign up" button="Sign up" onSend={register}>
      <Field label="Name" name="name" autoComplete="name" maxLength={100} />
      <Field label="Email" name="email" type="email" autoComplete="email" required />
      <Field label="Password" name="password" type="password" autoComplete="new-password" minLength={8} required />
    </Form>
  );
}
