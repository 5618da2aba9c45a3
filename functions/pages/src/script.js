
"use strict";
const page = JSON.parse(document.body.dataset.page);
const form = document.querySelector("form");
const message = document.getElementById("message");

function say(text) {
  message.textContent = text;
  message.hidden = false;
}

function finish() {
  const done = document.getElementById("done");
  form.hidden = true;
  done.hidden = false;
  done.focus();
  if (page.next) location.replace(page.next);
}

async function refusal(reply) {
  const error = (await reply.json()).error;
  const details = (error.details ?? []).map((detail) => detail.message);
  return [error.message, ...details].join(" ");
}

async function post(password) {
  const reply = await fetch(page.to, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...page.body, [page.field]: password }),
    cache: "no-store",
    credentials: "omit",
  });
  if (!reply.ok) return say(await refusal(reply));
  finish();
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { password, again } = form.elements;
  if (again && again.value !== password.value) return say(page.differ);
  const button = form.querySelector("button");
  message.hidden = true;
  button.disabled = true;
  try {
    await post(password.value);
  } catch {
    say(page.failed);
  }
  button.disabled = false;
});
