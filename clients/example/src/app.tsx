// The frame of the app: who is signed in, the pages, and whether there is a connection.

import { useEffect, useRef, useSyncExternalStore } from "react";
import { ProtectedRoute, useAuth } from "bakend/react";

import { Enter } from "./enter.tsx";
import { ProfilePage } from "./profile.tsx";
import { SessionsPage } from "./sessions.tsx";
import { TasksPage } from "./tasks.tsx";

/** The pages, by the part of the address behind `#`. */
const PAGES = {
  "#tasks": { title: "Tasks", Page: TasksPage },
  "#profile": { title: "Profile", Page: ProfilePage },
  "#sessions": { title: "Sessions", Page: SessionsPage },
};

/** The whole app. */
export function App() {
  return (
    <>
      <Connection />
      <ProtectedRoute loading={<p role="status">Loading…</p>} fallback={<Enter />}>
        <SignedIn />
      </ProtectedRoute>
    </>
  );
}

function SignedIn() {
  const { user, logout } = useAuth();
  const hash = useHash();
  const here = hash in PAGES ? (hash as keyof typeof PAGES) : "#tasks";
  const { title, Page } = PAGES[here];
  // A screen reader goes on at the page that was chosen.
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const focus = () => heading.current?.focus();
    window.addEventListener("hashchange", focus);
    return () => window.removeEventListener("hashchange", focus);
  }, []);
  return (
    <>
      <title>{`${title} – Tasks`}</title>
      <header>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([address, page]) => (
            <a key={address} href={address} aria-current={address === here ? "page" : undefined}>
              {page.title}
            </a>
          ))}
        </nav>
        <span>{user?.email}</span>
        <button type="button" onClick={() => void logout()}>
          Sign out
        </button>
      </header>
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <Page />
      </main>
    </>
  );
}

/** Tells that there is no connection, until there is one. */
function Connection() {
  const isOnline = useSyncExternalStore(
    (told) => listen(["online", "offline"], told),
    () => navigator.onLine,
  );
  return (
    <div role="status">
      {!isOnline && <p className="notice">You are offline. You stay signed in; changes cannot be saved now.</p>}
    </div>
  );
}

function useHash() {
  return useSyncExternalStore(
    (told) => listen(["hashchange"], told),
    () => location.hash,
  );
}

function listen(events: string[], told: () => void) {
  for (const event of events) window.addEventListener(event, told);
  return () => {
    for (const event of events) window.removeEventListener(event, told);
  };
}
