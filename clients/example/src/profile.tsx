// The profile of the user, and the second factor.

import { useState } from "react";
import { useAuth } from "bakend/react";

import { bk } from "./client.ts";
import { Failure, useAction } from "./failure.tsx";
import { Field, Form } from "./form.tsx";

/** The page of the profile. */
export function ProfilePage() {
  const { user } = useAuth();
  const [isSaved, setSaved] = useState(false);
  const save = async (field: (name: string) => string) => {
    setSaved(false);
    await bk.auth.update({ name: field("name") || null });
    setSaved(true);
  };
  return (
    <>
      {/* Another tab may change the name: the form then begins anew with it. */}
      <Form key={user?.name} label="Profile" button="Save" onSend={save}>
        <Field label="Name" name="name" autoComplete="name" maxLength={100} defaultValue={user?.name} />
      </Form>
      <p role="status">{isSaved && "Saved."}</p>
      <SecondFactor isOn={user?.mfa ?? false} />
    </>
  );
}

function SecondFactor({ isOn }: { isOn: boolean }) {
  const [secret, setSecret] = useState<string | null>(null);
  const [codes, setCodes] = useState<string[]>([]);
  const enable = useAction(async () => {
    const setup = await bk.auth.mfa.enable();
    setSecret(setup.secret);
  });
  const confirm = async (field: (name: string) => string) => {
    setCodes(await bk.auth.mfa.confirm(field("code")));
    setSecret(null);
  };
  const disable = async (field: (name: string) => string) => {
    await bk.auth.mfa.disable({ code: field("code") });
    setCodes([]);
  };
  const code = <Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" required />;
  return (
    <section aria-labelledby="factor">
      <h2 id="factor">Second factor</h2>
      {isOn && (
        <Form label="Switch off" button="Switch off" onSend={disable}>
          <p>A sign-in asks for a code of your authenticator app.</p>
          {code}
        </Form>
      )}
      {codes.length > 0 && (
        <div role="status">
          <p>Keep these codes. Each signs in once when the app is lost, and they are not shown again.</p>
          <ul>
            {codes.map((one) => (
              <li key={one}>
                <code>{one}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
      {!isOn && secret === null && (
        <button type="button" onClick={() => void enable.run()}>
          Switch on
        </button>
      )}
      <Failure error={enable.error} />
      {!isOn && secret !== null && (
        <Form label="Confirm" button="Confirm" onSend={confirm}>
          <p>
            Add this secret to your authenticator app, then type its code: <code>{secret}</code>
          </p>
          {code}
        </Form>
      )}
    </section>
  );
}
