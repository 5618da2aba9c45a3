// The list of tasks: filters that act while they are typed, pages, a new task, done or not.

import { useEffect, useState } from "react";
import { useRecords } from "bakend/react";

import type { TasksRecord } from "./bakend.ts";
import { bk } from "./client.ts";
import { Editor } from "./editor.tsx";
import { Failure, useAction } from "./failure.tsx";
import { Choice, Field, Form } from "./form.tsx";

/** The orders that indexes of collections/tasks.json keep, alone and behind a fixed state. */
const ORDERS = { "-createdAt": "Newest first", title: "By title", due: "By due date" } as const;
type Order = keyof typeof ORDERS;

/** How long the text of the search rests before it is sent, in milliseconds. */
const REST = 250;
/** The number of tasks of a page. */
const PAGE = 5;

/** The page of the user's tasks. */
export function TasksPage() {
  const [text, setText] = useState("");
  const [state, setState] = useState<"" | "open" | "done">("");
  const [order, setOrder] = useState<Order>("-createdAt");
  const [edited, setEdited] = useState<string | null>(null);

  const search = useRested(text.trim(), REST);
  const { items, isLoading, error, hasMore, loadMore, refetch } = useRecords("tasks", {
    limit: PAGE,
    ...(search && { search }),
    // The index of a state and an order serves both: its first field is fixed by the condition.
    ...(state ? { where: { state }, sort: `state,${order}` } : { sort: order }),
  });

  const add = async (field: (name: string) => string, form: HTMLFormElement) => {
    // `once`: a reply may get lost, and the client then sends the task again without a second one.
    await bk.collection("tasks").create({ title: field("title"), due: field("due") || null }, { once: true });
    form.reset();
    await refetch();
  };

  return (
    <>
      <Form label="New task" button="Add" onSend={add}>
        <Field label="Title" name="title" maxLength={200} required />
        <Field label="Due" name="due" type="date" />
      </Form>

      <search aria-label="Filters">
        <Field label="Search" type="search" maxLength={128} value={text} onChange={(it) => setText(it.target.value)} />
        <Choice label="State" value={state} onChange={(it) => setState(it.target.value as typeof state)}>
          <option value="">All</option>
          <option value="open">Open</option>
          <option value="done">Done</option>
        </Choice>
        <Choice label="Order" value={order} onChange={(it) => setOrder(it.target.value as Order)}>
          {Object.entries(ORDERS).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </Choice>
      </search>

      <Failure error={error} />
      {error ? (
        <button type="button" onClick={() => void refetch()}>
          Try again
        </button>
      ) : null}
      <p role="status">{isLoading ? "Loading…" : `${items.length} shown${hasMore ? ", there are more" : ""}`}</p>
      <ul className="rows" aria-label="Tasks" aria-busy={isLoading}>
        {items.map((task) => (
          <Row key={task.id} task={task} onEdit={() => setEdited(task.id)} onChange={refetch} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" onClick={() => void loadMore()}>
          Show more
        </button>
      )}
      {edited && (
        <Editor
          id={edited}
          onClose={() => {
            setEdited(null);
            void refetch();
          }}
        />
      )}
    </>
  );
}

function Row({ task, onEdit, onChange }: { task: TasksRecord; onEdit: () => void; onChange: () => Promise<void> }) {
  const toggle = useAction(async (isDone: boolean) => {
    // `edit` reads the task, changes it on condition that nobody else did, and begins anew if somebody did.
    await bk.collection("tasks").edit(task.id, () => ({ state: isDone ? "done" : "open" }));
    await onChange();
  });
  return (
    <li aria-busy={toggle.isBusy}>
      <label>
        <input
          type="checkbox"
          checked={task.state === "done"}
          onChange={(it) => void toggle.run(it.target.checked)}
        />
        {task.title}
      </label>
      {task.due && <time dateTime={task.due}>{task.due.slice(0, 10)}</time>}
      <button type="button" aria-label={`Edit ${task.title}`} onClick={onEdit}>
        Edit
      </button>
      <Failure error={toggle.error} />
    </li>
  );
}

/** The value, once it has not changed for so many milliseconds. */
function useRested<T>(value: T, rest: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), rest);
    return () => clearTimeout(timer);
  }, [value, rest]);
  return rested;
}
