// The editor of a task. It saves on condition that the task is still as it was when the editor was opened. Otherwise it
// shows both versions, and the user chooses.

import { useEffect, useId, useRef, useState } from "react";
import { isBakendError } from "bakend";

import type { TasksRecord } from "./bakend.ts";
import { bk } from "./client.ts";
import { Failure, useAction } from "./failure.tsx";
import { Choice, Field } from "./form.tsx";

/** A task as it was read, with the mark of that version. */
interface Version {
  task: TasksRecord;
  etag: string;
}

/** The fields as the form has them. */
interface Draft {
  title: string;
  notes: string;
  state: "open" | "done";
  due: string;
}

/** The fields, with their names for the user. */
const FIELDS = { title: "Title", notes: "Notes", state: "State", due: "Due" } as const;

/** The editor, as a dialog. `onClose` is called when it is done with. */
export function Editor({ id, onClose }: { id: string; onClose: () => void }) {
  const title = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [opened, setOpened] = useState<Version | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [other, setOther] = useState<Version | null>(null);

  const open = useAction(async () => {
    const version = await read(id);
    setOpened(version);
    setDraft(draftOf(version.task));
  });
  useEffect(() => {
    dialog.current?.showModal();
    void open.run();
    // The editor of another task is another editor.
  }, []);

  const save = useAction(async (mine: Draft, over: Version) => {
    try {
      await bk.collection("tasks").update(id, changesOf(mine), { ifMatch: over.etag });
    } catch (failure) {
      if (!isBakendError(failure, "data/precondition-failed")) throw failure;
      const now = await read(id);
      // The same content is no conflict, such as after a reply that got lost.
      if (differing(mine, draftOf(now.task)).length > 0) return setOther(now);
    }
    dialog.current?.close();
  });
  const set = (change: Partial<Draft>) => setDraft((now) => now && { ...now, ...change });

  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>Edit task</h2>
      <Failure error={open.error ?? save.error} />
      {draft && opened && !other && (
        <form
          aria-busy={save.isBusy}
          onSubmit={(event) => {
            event.preventDefault();
            void save.run(draft, opened);
          }}
        >
          <Field label="Title" value={draft.title} maxLength={200} required onChange={(it) => set({ title: it.target.value })} />
          <Field label="Notes" value={draft.notes} maxLength={2000} onChange={(it) => set({ notes: it.target.value })} />
          <Choice label="State" value={draft.state} onChange={(it) => set({ state: it.target.value as Draft["state"] })}>
            <option value="open">open</option>
            <option value="done">done</option>
          </Choice>
          <Field label="Due" type="date" value={draft.due} onChange={(it) => set({ due: it.target.value })} />
          <button type="submit">Save</button>
        </form>
      )}
      {draft && other && (
        <Conflict
          mine={draft}
          other={draftOf(other.task)}
          onMine={() => void save.run(draft, other)}
          onOther={() => dialog.current?.close()}
        />
      )}
      <button type="button" onClick={() => dialog.current?.close()}>
        Cancel
      </button>
    </dialog>
  );
}

interface ConflictProps {
  mine: Draft;
  other: Draft;
  onMine: () => void;
  onOther: () => void;
}

/** Both versions of a task, and the choice between them. */
function Conflict({ mine, other, onMine, onOther }: ConflictProps) {
  return (
    <section aria-label="Conflict">
      <p role="alert">Somebody has changed this task since you opened it. Choose the version to keep.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Yours</th>
            <th scope="col">The other</th>
          </tr>
        </thead>
        <tbody>
          {differing(mine, other).map((field) => (
            <tr key={field}>
              <th scope="row">{FIELDS[field]}</th>
              <td>{mine[field] || "none"}</td>
              <td>{other[field] || "none"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" onClick={onMine}>
        Keep mine
      </button>{" "}
      <button type="button" onClick={onOther}>
        Keep the other
      </button>
    </section>
  );
}

/** Reads a task with the mark of its version. */
async function read(id: string): Promise<Version> {
  let etag = "";
  const task = await bk.collection("tasks").get(id, {}, { etag: (mark) => (etag = mark) });
  return { task, etag };
}

function differing(one: Draft, another: Draft): (keyof Draft)[] {
  return (Object.keys(FIELDS) as (keyof Draft)[]).filter((field) => one[field] !== another[field]);
}

function draftOf({ title, notes = "", state = "open", due = "" }: TasksRecord): Draft {
  return { title, notes, state, due: due.slice(0, 10) };
}

/** The changes that a draft asks for: null removes a field. */
function changesOf({ title, notes, state, due }: Draft) {
  return { title, notes: notes || null, state, due: due || null };
}
