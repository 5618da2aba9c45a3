import type { Detail, ErrorCode, MfaChallenge } from "./generated.ts";

/**
 * The codes of the client itself, for failures without an error of the API. In their order: no connection, no reply
 * within the timeout, a refusal of the gateway, and a reply that cannot be read. `client/needs-refresh` comes from
 * `./server`: the session needs a refresh where no cookie can be set.
 */
export type ClientCode =
  | "client/offline"
  | "client/timeout"
  | "client/gateway"
  | "client/bad-reply"
  | "client/needs-refresh";

/** The code of an error: one of the API's closed list, or one of the client. */
export type Code = ErrorCode | ClientCode;

/** How a sign-in goes on that asks for a second factor; `expiresIn` is in seconds. */
export type MfaStep = MfaChallenge;

/** The parts of an error that not every error has. */
export interface ErrorParts {
  /** The fields that are not valid. */
  details?: Detail[] | undefined;
  /** The request's id, as in the log. */
  requestId?: string | undefined;
  /** After how many seconds the request may be sent again. */
  retryAfter?: number | undefined;
  /** The step of a 403 that asks for a second factor. */
  mfa?: MfaStep | null | undefined;
  /** The failure beneath. */
  cause?: unknown;
}

/** A request that failed: `status` is that of the reply, and 0 where there was none; `message` is for a person. */
export class BakendError extends Error {
  declare readonly status: number;
  declare readonly code: Code;
  declare readonly details: Detail[] | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryAfter: number | undefined;
  declare readonly mfa: MfaStep | null | undefined;

  constructor(code: Code, message: string, status = 0, parts: ErrorParts = {}) {
    super(message);
    Object.assign(this, { name: "BakendError", status, code }, parts);
  }
}

/** Whether a failure is a `BakendError`, of this code if one is given; also one of another copy of this package. */
export const isBakendError = (error: unknown, code?: Code): error is BakendError =>
  (error as BakendError | null)?.name === "BakendError" && (!code || (error as BakendError).code === code);
