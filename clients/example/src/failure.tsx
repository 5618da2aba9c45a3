// Failures, in words, and the state of an action that may fail.

import { useRef, useState } from "react";
import { isBakendError } from "bakend";

/** Sentences for failures that no server has put into words. */
const SENTENCES: Record<string, string> = {
  "client/offline": "The API cannot be reached. Check the connection, then try again.",
  "client/timeout": "The API took too long to answer. Try again.",
};

/** Tells a failure as soon as there is one. */
export function Failure({ error }: { error: unknown }) {
  return <div role="alert">{error ? <Told error={error} /> : null}</div>;
}

function Told({ error }: { error: unknown }) {
  if (!isBakendError(error)) return <p className="failure">{String(error)}</p>;
  const details = error.details ?? [];
  return (
    <div className="failure">
      <p>{SENTENCES[error.code] ?? error.message}</p>
      {details.length > 0 && (
        <ul>
          {details.map((detail) => (
            <li key={detail.field + detail.code}>
              {detail.field}: {detail.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** An action of the user, its last failure, and whether it runs. A second start while it runs is ignored. */
export function useAction<A extends unknown[]>(act: (...given: A) => Promise<unknown>) {
  const runs = useRef(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (...given: A) => {
    if (runs.current) return;
    runs.current = true;
    setBusy(true);
    setError(null);
    try {
      await act(...given);
    } catch (failure) {
      setError(failure);
    } finally {
      runs.current = false;
      setBusy(false);
    }
  };
  return { run, isBusy, error };
}
