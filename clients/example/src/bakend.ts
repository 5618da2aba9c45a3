// By cargo generate, from collections/ and bakend.json; edit those instead.

/** The types of every collection: `createClient<Collections>(url)`. */
export interface Collections {
  tasks: {
    Record: TasksRecord;
    Create: TasksCreate;
    Update: TasksUpdate;
    Where: TasksWhere;
    Order: TasksOrder;
    Expand: TasksExpand;
    Expanded: TasksExpanded;
  };
}

/** Conditions on a field; all of them hold. Null is a value that is not there. */
export interface Tests<T> {
  eq?: T | null;
  ne?: T | null;
  gt?: T;
  gte?: T;
  lt?: T;
  lte?: T;
  in?: readonly (T | null)[];
  nin?: readonly (T | null)[];
  exists?: boolean;
}

/** Conditions on a text; all of them hold. */
export interface TextTests<T> extends Tests<T> {
  contains?: string;
  startsWith?: string;
}

/** A record of `tasks`. */
export interface TasksRecord {
  id: string;
  createdAt: string;
  updatedAt: string;
  /** The user who created it; null for a stranger. */
  createdBy: string | null;
  title: string;
  notes?: string;
  state?: "open" | "done";
  due?: string;
}

/** A new record of `tasks`. */
export interface TasksCreate {
  title: string;
  notes?: string | null;
  state?: "open" | "done" | null;
  due?: string | null;
}

/** Changes to a record of `tasks`: what is left out stays, null removes. */
export interface TasksUpdate {
  title?: string;
  notes?: string | null;
  state?: "open" | "done" | null;
  due?: string | null;
}

/** Which records of `tasks`: all members hold. */
export interface TasksWhere {
  $and?: readonly TasksWhere[];
  $or?: readonly TasksWhere[];
  $not?: TasksWhere;
  id?: string | null | Tests<string>;
  createdAt?: string | null | Tests<string>;
  updatedAt?: string | null | Tests<string>;
  createdBy?: string | null | Tests<string>;
  title?: string | null | TextTests<string>;
  notes?: string | null | TextTests<string>;
  state?: "open" | "done" | null | TextTests<"open" | "done">;
  due?: string | null | Tests<string>;
}

/** The orders of a list of `tasks`: newest first, those of its indexes, and their reverses. */
export type TasksOrder =
  | "-createdAt"
  | "createdAt"
  | "state,-createdAt"
  | "-state,createdAt"
  | "title"
  | "-title"
  | "state,title"
  | "-state,-title"
  | "due"
  | "-due"
  | "state,due"
  | "-state,-due";

/** The relations of `tasks` that a list can inline, two levels deep. */
export type TasksExpand = never;

export type TasksExpanded = TasksRecord;

/** A user, as the user sees it. */
export interface User {
  /** The user's id. */
  id: string;
  /** The normalised address; null for an account without one. */
  email: string | null;
  /** When the user has proven to read the mails of the address; null until then. */
  emailVerifiedAt: string | null;
  /** Whether a sign-in asks for a code of an authenticator app. */
  mfa: boolean;
  /** `admin`, `authenticated`, `anonymous`, or one of the declared roles. */
  role: string;
  /** When the account was made. */
  createdAt: string;
  name?: string;
}

/** The profile fields that a user has. */
export interface Profile {
  name?: string;
}

/** The profile fields that anybody sees. */
export type PublicProfile = Record<string, never>;

/** The profile fields of a registration. */
export interface NewProfile {
  name?: string | null;
}

/** Changes to a profile: what is left out stays, null removes. */
export interface ProfileChanges {
  name?: string | null;
}
