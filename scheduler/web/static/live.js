// Fetches the page again every few seconds and replaces its live parts. Without it the page works all the same.
"use strict";

const EVERY = 3000; // milliseconds
const link = document.getElementById("link");

// What somebody is working in stays as it is: a form that is being filled in, or details that are open.
function isBusy(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]") !== null;
}

function takeOver(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh !== null && !isBusy(part) && part.innerHTML !== fresh.innerHTML) {
      part.replaceWith(document.adoptNode(fresh));
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
    const answer = await fetch(location.href, { redirect: "error" });
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

if (document.querySelector('[data-live="part"]') !== null) {
  setTimeout(keepUp, EVERY);
}
