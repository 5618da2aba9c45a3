// The session in a real browser, against a running API: BAKEND_URL is its address, or `fake` for the mechanics alone.
// BAKEND_BROWSER is the path of the browser; BAKEND_FULL makes it 1,000 refreshes in place of 100.

import { ok } from "node:assert";
import { after, before, describe, test } from "node:test";
import { cookie } from "./cookie.ts";
import { faults } from "./faults.ts";
import { react } from "./react.ts";
import { isFull, skipped, Stage } from "./stage.ts";
import { tabs } from "./tabs.ts";

describe("the session in a browser", { skip: skipped ?? false }, () => {
  let open: Stage | undefined;
  const stage = (): Stage => open!;

  before(async () => {
    open = await Stage.open();
  });
  after(() => open?.close());

  tabs(stage);
  react(stage);
  cookie(stage);
  // The last: it goes on until there were refreshes enough.
  faults(stage);

  test("the refreshes of all these tests", (context) => {
    context.diagnostic(`refreshes: ${stage().gate.refreshes}`);
    ok(stage().gate.refreshes >= (isFull ? 1000 : 100));
  });
});
