import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordReading, RecordsReading } from "../src/react.tsx";
import { act, complaints, createElement as h, hooks, mount, renderToString, settle, StrictMode } from "./react/dom.ts";
import { failure, page, person, Scripted } from "./react/client.ts";

const { BakendProvider, recordsOptions, useRecord, useRecords } = hooks;

type Reading = RecordsReading<{ title?: string }>;

function List({ query, enabled, seen }: { query?: object; enabled?: boolean; seen?: (reading: Reading) => void }) {
  const reading = useRecords("posts", query, enabled === undefined ? undefined : { enabled });
  seen?.(reading);
  return h("p", null, reading.isLoading ? "loading" : reading.items.map((it) => it["title"]).join());
}

/** A mounted list; `seen` has the text and the result of every render. */
async function list(scripted: Scripted, props: { query?: object; enabled?: boolean } = {}, strict = false) {
  const seen: Reading[] = [];
  const tree = (next: object) => {
    const inner = h(BakendProvider, { client: scripted.client }, h(List, { ...next, seen: (reading) => seen.push(reading) }));
    return strict ? h(StrictMode, null, inner) : inner;
  };
  const shown = await mount(tree(props));
  await settle();
  return { shown, seen, now: () => seen.at(-1)!, again: (next: object) => shown.render(tree(next)) };
}

const titles = (reading: Reading): string => reading.items.map((it) => it.title).join();

test("server and browser begin alike, and the browser reads the list", async () => {
  const scripted = Scripted.with(null);
  const tree = () => h(BakendProvider, { client: scripted.client }, h(List));
  const text = renderToString(tree());
  assert.match(text, />loading</);
  assert.equal(scripted.reads.length, 0, "a server reads nothing");
  const wrong: unknown[] = [];
  const lines = await complaints(async () => {
    const shown = await mount(tree(), text, (error) => wrong.push(error));
    await settle();
    await act(async () => scripted.reads[0]!.answer(page(["a", "b"])));
    assert.equal(shown.text(), "a,b");
    await shown.unmount();
  });
  assert.deepEqual([lines, wrong], [[], []]);
});

test("StrictMode requests once", async () => {
  const scripted = Scripted.with(person("ada"));
  const { shown } = await list(scripted, {}, true);
  assert.equal(scripted.reads.length, 1);
  const { shown: later } = await list(scripted, {}, true);
  assert.equal(scripted.reads.length, 2, "of a list that is mounted when the session was read");
  assert.ok(scripted.reads.every((it) => it.signal?.aborted === false));
  await shown.unmount();
  await later.unmount();
});

test("nothing is read before the session was", async () => {
  const scripted = new Scripted();
  const { shown, now } = await list(scripted);
  assert.deepEqual([scripted.reads.length, now().isLoading], [0, true]);
  scripted.user = person("ada");
  scripted.begin();
  await settle();
  assert.equal(scripted.reads.length, 1);
  await shown.unmount();
});

test("an equal query reads nothing anew, in whatever order its members are", async () => {
  const scripted = Scripted.with(null);
  const { shown, again, now } = await list(scripted, { query: { where: { a: 1, b: { in: [1, 2] } }, limit: 5 } });
  await act(async () => scripted.reads[0]!.answer(page(["a"])));
  await again({ query: { limit: 5, where: { b: { in: [1, 2] }, a: 1 } } });
  await again({ query: { limit: 5, where: { b: { in: [1, 2] }, a: 1 }, search: undefined } });
  await settle();
  assert.deepEqual([scripted.reads.length, titles(now())], [1, "a"]);
  await again({ query: { limit: 5, where: { b: { in: [2, 1] }, a: 1 } } });
  await settle();
  assert.equal(scripted.reads.length, 2);
  assert.deepEqual(scripted.reads[1]!.values, [{ limit: 5, where: { b: { in: [2, 1] }, a: 1 } }]);
  await shown.unmount();
});

test("another query cancels the request before, whose answer never comes over a newer one", async () => {
  const scripted = Scripted.with(null);
  const { shown, again, now } = await list(scripted, { query: { search: "l" } });
  await again({ query: { search: "lamp" } });
  await settle();
  const [older, newer] = scripted.reads;
  assert.deepEqual([older!.signal!.aborted, newer!.signal!.aborted], [true, false]);
  await act(async () => newer!.answer(page(["lamp"])));
  await act(async () => older!.answer(page(["lily"])));
  assert.equal(titles(now()), "lamp");
  await again({ query: { search: "l" } });
  assert.deepEqual([titles(now()), now().isLoading], ["", true], "records of another query are not shown");
  await settle();
  await act(async () => older!.fail(failure("common/internal")));
  assert.equal(now().error, null);
  await act(async () => scripted.reads[2]!.answer(page(["lily"])));
  assert.equal(titles(now()), "lily");
  await shown.unmount();
});

test("an unmount cancels the request", async () => {
  const scripted = Scripted.with(null);
  const { shown } = await list(scripted);
  await shown.unmount();
  assert.equal(scripted.reads[0]!.signal!.aborted, true);
  const lines = await complaints(() => act(async () => scripted.reads[0]!.answer(page(["late"]))));
  assert.deepEqual(lines, []);
});

test("records of one user are never shown to the next, nor after a sign-out or with another role", async () => {
  const scripted = Scripted.with(person("ada"));
  const { shown, seen, now } = await list(scripted);
  await act(async () => scripted.reads[0]!.answer(page(["of ada"], "c")));
  assert.equal(titles(now()), "of ada");
  for (const next of [person("eve"), null, person("ada"), person("ada", "admin")]) {
    const [renders, reads] = [seen.length, scripted.reads.length];
    act(() => void now().loadMore());
    const under = scripted.reads.at(-1)!;
    await act(async () => scripted.become(next));
    await settle();
    assert.equal(under.signal?.aborted ?? true, true);
    const after = seen.slice(renders + 1);
    assert.ok(after.length > 0 && after.every((it) => titles(it) === "" && it.isLoading && !it.hasMore));
    assert.equal(scripted.reads.length, reads + 2, "the next page of one user, the first of the other");
    await act(async () => under.answer(page(["late"])));
    assert.equal(titles(now()), "");
    await act(async () => scripted.reads.at(-1)!.answer(page(["of another"], "c")));
    assert.equal(titles(now()), "of another");
  }
  await shown.unmount();
});

test("twice at once, more is one page", async () => {
  const scripted = Scripted.with(null);
  const { shown, now } = await list(scripted, { query: { limit: 1 } });
  act(() => void now().loadMore());
  assert.equal(scripted.reads.length, 1, "the first page is under way");
  await act(async () => scripted.reads[0]!.answer(page(["a"], "next")));
  assert.equal(now().hasMore, true);
  let ended = 0;
  act(() => {
    const { loadMore } = now();
    for (const one of [loadMore(), loadMore()]) void one.then(() => ended++);
  });
  assert.equal(scripted.reads.length, 2);
  assert.deepEqual(scripted.reads[1]!.values, [{ limit: 1, cursor: "next" }]);
  assert.deepEqual([now().isLoading, now().isFetching, titles(now())], [false, true, "a"]);
  await act(async () => scripted.reads[1]!.answer(page(["b"])));
  assert.deepEqual([titles(now()), now().hasMore, now().isFetching, ended], ["a,b", false, false, 2]);
  await act(() => now().loadMore());
  assert.equal(scripted.reads.length, 2, "the end was reached");
  await shown.unmount();
});

test("an expired cursor is an error, and a refetch begins anew", async () => {
  const scripted = Scripted.with(null);
  const { shown, now } = await list(scripted);
  await act(async () => scripted.reads[0]!.answer(page(["a"], "old")));
  act(() => void now().loadMore());
  await act(async () => scripted.reads[1]!.fail(failure("data/invalid-cursor")));
  assert.deepEqual([now().error?.code, titles(now()), now().isLoading], ["data/invalid-cursor", "a", false]);
  act(() => void now().refetch());
  assert.deepEqual(scripted.reads[2]!.values, [{}]);
  assert.deepEqual([titles(now()), now().isLoading, now().isFetching], ["a", false, true], "the records stay until then");
  await act(async () => scripted.reads[2]!.answer(page(["b"], "new")));
  assert.deepEqual([now().error, titles(now()), now().hasMore], [null, "b", true]);
  await shown.unmount();
});

test("a refetch cancels a request that is under way", async () => {
  const scripted = Scripted.with(null);
  const { shown, now } = await list(scripted);
  act(() => void now().refetch());
  assert.deepEqual(
    scripted.reads.map((it) => it.signal!.aborted),
    [true, false],
  );
  await act(async () => scripted.reads[0]!.answer(page(["old"])));
  assert.equal(now().isLoading, true);
  await act(async () => scripted.reads[1]!.answer(page(["new"])));
  assert.equal(titles(now()), "new");
  await shown.unmount();
});

test("a first page that fails is no longer loading, and the next success clears the error", async () => {
  const scripted = Scripted.with(null);
  const { shown, now } = await list(scripted);
  await act(async () => scripted.reads[0]!.fail(failure("client/offline")));
  assert.deepEqual([now().isLoading, now().error?.code], [false, "client/offline"]);
  await settle();
  assert.equal(scripted.reads.length, 1, "nothing is tried again by itself");
  act(() => void now().refetch());
  assert.deepEqual([now().isLoading, now().error?.code], [true, "client/offline"]);
  await act(async () => scripted.reads[1]!.answer(page([])));
  assert.deepEqual([now().isLoading, now().error, titles(now())], [false, null, ""]);
  await shown.unmount();
});

test("a list that is not enabled reads nothing, and cancels once it is not", async () => {
  const scripted = Scripted.with(null);
  const { shown, now, again } = await list(scripted, { enabled: false });
  await act(() => now().refetch());
  assert.deepEqual([scripted.reads.length, now().isLoading, now().isFetching], [0, false, false]);
  await again({ enabled: true });
  await settle();
  assert.deepEqual([scripted.reads.length, now().isLoading], [1, true]);
  await again({ enabled: false });
  assert.deepEqual([scripted.reads[0]!.signal!.aborted, now().isLoading, now().isFetching], [true, false, false]);
  await again({ enabled: true });
  await settle();
  await act(async () => scripted.reads[1]!.answer(page(["a"])));
  await again({ enabled: false });
  await again({ enabled: true });
  await settle();
  assert.deepEqual([scripted.reads.length, titles(now())], [2, "a"], "records that are there are not read again");
  await shown.unmount();
});

test("one record is read with its relations, and another id reads another", async () => {
  const scripted = Scripted.with(null);
  let now!: RecordReading<{ title?: string }>;
  const One = ({ id }: { id: string | null }) => {
    now = useRecord("posts", id, { expand: ["author"] });
    return null;
  };
  const tree = (id: string | null) => h(StrictMode, null, h(BakendProvider, { client: scripted.client }, h(One, { id })));
  const shown = await mount(tree(null));
  await settle();
  assert.deepEqual([scripted.reads.length, now.isLoading, now.record], [0, false, null]);
  await shown.render(tree("1"));
  await settle();
  assert.deepEqual([scripted.reads.length, now.isLoading], [1, true]);
  assert.deepEqual(scripted.reads[0]!.values, ["1", { expand: ["author"] }]);
  await act(async () => scripted.reads[0]!.answer({ title: "one" }));
  assert.deepEqual([now.record, now.isLoading], [{ title: "one" }, false]);
  await shown.render(tree("2"));
  assert.deepEqual([now.record, now.isLoading], [null, true]);
  await settle();
  await act(async () => scripted.reads[1]!.fail(failure("data/record-not-found")));
  assert.deepEqual([now.error?.code, now.record], ["data/record-not-found", null]);
  act(() => void now.refetch());
  await act(async () => scripted.reads[2]!.answer({ title: "two" }));
  assert.deepEqual([now.error, now.record], [null, { title: "two" }]);
  await shown.unmount();
});

test("the options for TanStack Query read the pages, with a key for each user", async () => {
  const scripted = Scripted.with(person("ada"));
  const options = recordsOptions(scripted.client, "posts", { search: "lamp" });
  assert.deepEqual(options.queryKey, ["bakend", scripted.url, "ada", "posts", { search: "lamp" }]);
  scripted.user = null;
  assert.notDeepEqual(recordsOptions(scripted.client, "posts", { search: "lamp" }).queryKey, options.queryKey);
  const { signal } = new AbortController();
  const first = options.queryFn({ pageParam: options.initialPageParam, signal });
  scripted.reads[0]!.answer(page(["a"], "next"));
  const next = options.getNextPageParam(await first);
  void options.queryFn({ pageParam: next, signal });
  assert.deepEqual(
    scripted.reads.map((it) => it.values),
    [[{ search: "lamp" }], [{ search: "lamp", cursor: "next" }]],
  );
  assert.equal(scripted.reads[1]!.signal, signal);
  assert.equal(options.getNextPageParam(page([])), null);
});
