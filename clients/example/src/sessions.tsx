// The sessions of the user: each browser or device that is signed in.

import { useEffect, useState } from "react";
import type { SessionPage } from "bakend";

import { bk } from "./client.ts";
import { Failure, useAction } from "./failure.tsx";

type Session = SessionPage["items"][number];

/** The page of the sessions. */
export function SessionsPage() {
  const [sessions, setSessions] = useState<Session[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const load = useAction(async (from: string | null) => {
    const page = await bk.auth.sessions({ cursor: from });
    setSessions((known) => (from === null ? page.items : [...known, ...page.items]));
    setCursor(page.nextCursor);
  });
  useEffect(() => {
    void load.run(null);
    // Once, when the page opens.
  }, []);
  const end = useAction(async (session: Session) => {
    await bk.auth.endSession(session.id);
    setSessions((known) => known.filter((one) => one.id !== session.id));
  });
  const endOthers = useAction(async () => {
    await bk.auth.endOtherSessions();
    await load.run(null);
  });
  return (
    <>
      <Failure error={load.error ?? end.error ?? endOthers.error} />
      <p role="status">{load.isBusy ? "Loading…" : `${sessions.length} shown`}</p>
      <ul className="rows" aria-label="Sessions">
        {sessions.map((session) => (
          <li key={session.id} aria-current={session.current || undefined}>
            <span>
              {session.current && <strong>This session: </strong>}
              {session.userAgent || "An unknown program"}, from {session.ipAddress}, last used{" "}
              <time dateTime={session.lastUsedAt}>{new Date(session.lastUsedAt).toLocaleString()}</time>
            </span>
            {!session.current && (
              <button type="button" aria-label={`End the session of ${session.userAgent}`} onClick={() => void end.run(session)}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      {cursor !== null && (
        <button type="button" onClick={() => void load.run(cursor)}>
          Show more
        </button>
      )}
      {sessions.length > 1 && (
        <button type="button" onClick={() => void endOthers.run()}>
          End all other sessions
        </button>
      )}
    </>
  );
}
