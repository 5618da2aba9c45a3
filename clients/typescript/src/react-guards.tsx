'use client';
import { Fragment, useEffect } from "react";
import type { ReactNode } from "react";
import { useSession } from "./react-auth.tsx";

/** The properties that both guards take. */
export interface GuardProps {
  /** The guarded part. It is mounted anew for another user, so that no state goes from one to the next. */
  children?: ReactNode;
  /** Shown until the session was read, also by a server; nothing without it. */
  loading?: ReactNode;
  /** Shown to those who may not see the children; nothing without it. */
  fallback?: ReactNode;
}

/**
 * Shows its children to a user who is signed in. It heeds the session alone: a form inside of it or of its fallback stays
 * mounted while it signs in. It keeps nothing secret, since the API decides who reads what.
 */
export function ProtectedRoute({
  children,
  loading,
  fallback,
  onDenied,
}: GuardProps & {
  /** Is called once when nobody is signed in, such as to go to another page. */
  onDenied?: () => void;
}): ReactNode {
  const { user, isLoading } = useSession();
  const denied = !isLoading && !user;
  useEffect(() => {
    let stands = denied;
    // StrictMode runs an effect twice at once. The first run is over before this one begins.
    queueMicrotask(() => stands && onDenied?.());
    return () => {
      stands = false;
    };
  }, [denied]);
  return user ? <Fragment key={user.id}>{children}</Fragment> : isLoading ? loading : fallback;
}

/**
 * Shows its children to a user who has the role, or one of the roles. `admin` passes where it is named, as any other role.
 */
export function RequireRole({
  role,
  children,
  loading,
  fallback,
}: GuardProps & {
  /** The role, or those of which one is enough. */
  role: string | string[];
}): ReactNode {
  const { user, isLoading } = useSession();
  return user && [role].flat().includes(user.role) ? (
    <Fragment key={user.id}>{children}</Fragment>
  ) : isLoading ? (
    loading
  ) : (
    fallback
  );
}
