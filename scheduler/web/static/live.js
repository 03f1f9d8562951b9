// Fetches the page again every few seconds and replaces its live parts. Without it the page works all the same.
"use strict";

const EVERY = 3000; // milliseconds
const link = document.getElementById("link");

// What somebody is working in stays as it is: a form that is being filled in, or details that are open.
function isBusy(part) {
  return part.querySelector(":focus:not(a), details[open]") !== null;
}

// A link that had the focus has it still, so that nobody who goes by the keyboard is thrown back to the start.
function replace(part, fresh) {
  const focused = part.querySelector("a:focus");
  part.replaceWith(document.adoptNode(fresh));
  if (focused !== null) {
    const again = [...fresh.querySelectorAll("a")].find((one) => one.href === focused.href);
    (again ?? document.getElementById("main")).focus({ preventScroll: true });
  }
}

function takeOver(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh !== null && !isBusy(part) && part.innerHTML !== fresh.innerHTML) {
      replace(part, fresh);
    }
  }
}

function tell(text) {
  if (link.textContent !== text) {
    link.textContent = text;
  }
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      location.reload(); // the session is over
      return;
    }
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
    tell("");
  } catch {
    tell("No connection to the daemon: this page is not up to date.");
  }
}

async function keepUp() {
  if (!document.hidden) {
    await refresh();
  }
  setTimeout(keepUp, EVERY);
}

// What was told is told once: a page that is loaded again doesn't say it anew.
if (new URLSearchParams(location.search).has("told")) {
  history.replaceState(null, "", location.pathname);
}
if (document.querySelector('[data-live="part"]') !== null) {
  setTimeout(keepUp, EVERY);
}
