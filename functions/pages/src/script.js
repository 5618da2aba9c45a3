
"use strict";
const page = JSON.parse(document.body.dataset.page);
const form = document.querySelector("form");
const message = document.getElementById("message");

function say(text) {
  message.textContent = text;
  message.hidden = false;
}

function finish(done) {
  form.hidden = true;
  done.hidden = false;
  done.focus();
}

async function refusal(reply) {
  const error = (await reply.json()).error;
  const details = (error.details ?? []).map((detail) => detail.message);
  return [error.message, ...details].join(" ");
}

async function post(to, body) {
  const reply = await fetch(to, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
  });
  if (!reply.ok) say(await refusal(reply));
  return reply.ok && reply;
}

async function act(button, deed) {
  message.hidden = true;
  button.disabled = true;
  try {
    await deed();
  } catch {
    say(page.failed);
  }
  button.disabled = false;
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { password, again } = form.elements;
  if (again && again.value !== password.value) return say(page.differ);
  await act(form.querySelector("button"), async () => {
    const more = password ? { [page.field]: password.value } : {};
    const reply = await post(page.to, { ...page.body, ...more });
    if (!reply) return;
    const next = password ? page.next : (await reply.json()).redirectTo;
    finish(document.getElementById("done"));
    if (next) location.replace(next);
  });
});

const decline = document.getElementById("decline");
decline?.addEventListener("click", () =>
  act(decline, async () => {
    if (await post(page.decline, { token: page.body.token })) finish(document.getElementById("declined"));
  }),
);
