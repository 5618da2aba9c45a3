// A form with labels, one button and a place for its failure.

import { useId, type ComponentProps, type ReactNode } from "react";

import { Failure, useAction } from "./failure.tsx";

interface FormProps {
  /** The text of the button. */
  button: string;
  /** Sends the fields. It may throw; the form then tells the failure and keeps its fields. */
  onSend: (field: (name: string) => string, form: HTMLFormElement) => Promise<unknown>;
  children: ReactNode;
  /** The name of the form for screen readers. */
  label: string;
}

/** A form that sends its fields. */
export function Form({ button, onSend, children, label }: FormProps) {
  const { run, isBusy, error } = useAction(async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    await onSend((name) => String(fields.get(name) ?? ""), form);
  });
  return (
    <form
      aria-label={label}
      aria-busy={isBusy}
      onSubmit={(event) => {
        event.preventDefault();
        void run(event.currentTarget);
      }}
    >
      {children}
      <Failure error={error} />
      <button type="submit">{button}</button>
    </form>
  );
}

/** A field with its label. */
export function Field({ label, ...rest }: { label: string } & ComponentProps<"input">) {
  const id = useId();
  return (
    <p className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} {...rest} />
    </p>
  );
}

/** A choice with its label. */
export function Choice({ label, children, ...rest }: { label: string } & ComponentProps<"select">) {
  const id = useId();
  return (
    <p className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...rest}>
        {children}
      </select>
    </p>
  );
}
